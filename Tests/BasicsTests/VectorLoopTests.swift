import Basics
import CVector
import Testing

/// The C loops against the same arithmetic written out in Swift: equal to the bit.
@Suite struct VectorLoopTests {
  func numbers(_ count: Int, _ stream: UInt64) -> [Float] {
    var generator = Philox(seed: 2, purpose: .test, stream: stream)
    return (0..<count).map { _ in generator.next(in: -2...2) }
  }

  @Test func sgdIsTheDocumentedRule() {
    let count = 1_003
    var p = numbers(count, 0)
    var v = numbers(count, 1)
    let g = numbers(count, 2)
    var expectedP = p
    var expectedV = v
    for i in 0..<count {
      expectedV[i] = 0.9 * expectedV[i] + (g[i] * 0.5 + 5e-4 * expectedP[i])
      expectedP[i] -= 0.01 * expectedV[i]
    }
    cvector_sgd(&p, &v, g, count, 0.5, 0.9, 5e-4, 0.01)
    #expect(p == expectedP)
    #expect(v == expectedV)
  }

  @Test func theAverageMovesByItsShare() {
    let count = 1_003
    var a = numbers(count, 0)
    let p = numbers(count, 1)
    let expected = zip(a, p).map { $0 + 0.125 * ($1 - $0) }
    cvector_move_towards(&a, p, count, 0.125)
    #expect(a == expected)
  }

  @Test func adamwIsTheDocumentedRule() {
    let count = 517
    var p = numbers(count, 0)
    var m = numbers(count, 1)
    var s = numbers(count, 2).map(abs)
    let g = numbers(count, 3)
    let c1: Float = 0.19
    let c2: Float = 0.002
    var expected = (p, m, s)
    for i in 0..<count {
      expected.1[i] = 0.9 * expected.1[i] + (1 - Float(0.9)) * g[i]
      expected.2[i] = 0.999 * expected.2[i] + (1 - Float(0.999)) * g[i] * g[i]
      let step = (expected.1[i] / c1) / ((expected.2[i] / c2).squareRoot() + 1e-8)
      expected.0[i] -= 1e-3 * (step + 0.01 * expected.0[i])
    }
    cvector_adamw(&p, &m, &s, g, count, 1, 0.9, 0.999, c1, c2, 1e-8, 0.01, 1e-3)
    #expect(m == expected.1)
    #expect(s == expected.2)
    #expect(p == expected.0)
  }

  @Test func bfloat16RoundsToNearestEven() {
    let values: [Float] = [
      1, 1.00390625, 1.01171875, -1.0039065, 3.3895e38, .infinity, -.infinity, .nan, .leastNonzeroMagnitude, 0, -0.0,
      .greatestFiniteMagnitude,
    ]
    var bits = [UInt16](repeating: 0, count: values.count)
    cvector_to_bfloat16(values, &bits, values.count)
    var back = [Float](repeating: 0, count: values.count)
    cvector_from_bfloat16(bits, &back, values.count)
    #expect(back[0] == 1)
    #expect(back[1] == 1, "a tie goes to the even neighbour below")
    #expect(back[2] == 1.015625, "a tie goes to the even neighbour above")
    #expect(back[3] == -1.0078125)
    #expect(back[5] == .infinity && back[6] == -.infinity && back[7].isNaN)
    #expect(back[10].sign == .minus && back[10] == 0)
    #expect(back[11] == .infinity)
    var rounded = values
    cvector_round_to_bfloat16(&rounded, rounded.count)
    #expect(zip(rounded, back).allSatisfy { $0.bitPattern == $1.bitPattern })
  }

  @Test func sumOfSquaresFindsEveryBadNumber() {
    var values = numbers(100, 0)
    let expected = values.reduce(0.0) { $0 + Double($1) * Double($1) }
    #expect(abs(cvector_sum_of_squares(values, 100) - expected) < 1e-9)
    for bad in [Float.nan, .infinity, -.infinity] {
      for i in [0, 17, 95, 99] {
        let kept = values[i]
        values[i] = bad
        #expect(!cvector_sum_of_squares(values, 100).isFinite)
        values[i] = kept
      }
    }
  }

  @Test func digestSeesEveryBit() {
    var values = numbers(1_000, 0)
    let digest = cvector_digest(values, 1_000)
    for i in [0, 15, 16, 500, 991, 999] {
      for bit in [0, 13, 31] {
        values[i] = Float(bitPattern: values[i].bitPattern ^ (1 << bit))
        #expect(cvector_digest(values, 1_000) != digest)
        values[i] = Float(bitPattern: values[i].bitPattern ^ (1 << bit))
      }
    }
    #expect(cvector_digest(values, 1_000) == digest)
  }
}
