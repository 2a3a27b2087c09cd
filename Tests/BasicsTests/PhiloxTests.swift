import Basics
import Testing

@Suite struct PhiloxTests {
  /// The known answers that the authors publish with Random123 (kat_vectors, philox4x32-10).
  @Test func knownAnswers() {
    #expect(
      Philox.rounds(SIMD4(repeating: 0), key: SIMD2(repeating: 0))
        == SIMD4(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
    #expect(
      Philox.rounds(SIMD4(repeating: .max), key: SIMD2(repeating: .max))
        == SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
    #expect(
      Philox.rounds(
        SIMD4(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344), key: SIMD2(0xa409_3822, 0x299f_31d0))
        == SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
  }

  @Test func drawnNumbersAreTheBlocksInOrder() {
    var generator = Philox(seed: 7, purpose: .test, stream: 3)
    let drawn = (0..<10).map { _ in generator.nextUInt32() }
    let blocks = (0..<3).flatMap { i in (0..<4).map { generator.block(at: UInt64(i))[$0] } }
    #expect(drawn == Array(blocks[..<10]))
  }

  @Test func sequencesDiffer() {
    var first = Philox(seed: 7, purpose: .test, stream: 3)
    var others = [
      Philox(seed: 8, purpose: .test, stream: 3), Philox(seed: 7, purpose: .dropout, stream: 3),
      Philox(seed: 7, purpose: .test, stream: 4),
    ]
    let value = first.nextUInt64()
    for i in others.indices { #expect(others[i].nextUInt64() != value) }
  }

  @Test func uniformAndNormalMoments() {
    var generator = Philox(seed: 1, purpose: .test, stream: 0)
    var sum = 0.0
    var squares = 0.0
    let count = 20_000
    for _ in 0..<count / 2 {
      let (a, b) = generator.nextNormals()
      sum += Double(a) + Double(b)
      squares += Double(a * a) + Double(b * b)
    }
    #expect(abs(sum / Double(count)) < 0.03)
    #expect(abs(squares / Double(count) - 1) < 0.05)
    var below = 0
    for _ in 0..<count {
      let u = generator.nextUniform()
      #expect(u >= 0 && u < 1)
      if u < 0.25 { below += 1 }
    }
    #expect(abs(Double(below) / Double(count) - 0.25) < 0.02)
  }

  @Test func boundedNumbersReachEveryValue() {
    var generator = Philox(seed: 1, purpose: .test, stream: 0)
    var seen = [Int](repeating: 0, count: 7)
    for _ in 0..<7_000 { seen[Int(generator.next(below: 7))] += 1 }
    #expect(seen.allSatisfy { $0 > 850 && $0 < 1_150 })
  }
}
