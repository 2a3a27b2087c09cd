import Basics
import Kernels
import Testing

/// Upsampling, subsampling and biases of feature pyramids, on every backend. Values are small whole numbers, exact in
/// both precisions.
@Suite struct PyramidTests {
  private let shape = ActivationShape(images: 2, height: 3, width: 5, channels: 7)

  private func values(_ count: Int) -> [Float] { (0..<count).map { Float(($0 * 37 + 11) % 23) - 11 } }

  @Test(arguments: PyramidHarness.all) func upsamplingRepeatsPixels(_ setting: PyramidHarness.Setting) throws {
    let harness = try setting.harness()
    let source = values(shape.count)
    let result = try harness.run(source, makes: 4 * shape.count) {
      harness.backend.upsample($0, shape: shape, into: $1)
    }
    for image in 0..<2 {
      for y in 0..<6 {
        for x in 0..<10 {
          for c in 0..<7 {
            let value = source[((image * 3 + y / 2) * 5 + x / 2) * 7 + c]
            #expect(result[((image * 6 + y) * 10 + x) * 7 + c] == value)
          }
        }
      }
    }
    let gradient = values(4 * shape.count)
    let back = try harness.run(gradient, makes: shape.count) {
      harness.backend.upsampleBackward($0, into: $1, shape: shape)
    }
    #expect(dot(result, gradient) == dot(source, back))
  }

  @Test(arguments: PyramidHarness.all) func subsamplingTakesEveryOther(_ setting: PyramidHarness.Setting) throws {
    let harness = try setting.harness()
    let source = values(shape.count)
    let count = 2 * 2 * 3 * 7
    let result = try harness.run(source, makes: count) { harness.backend.subsample($0, shape: shape, into: $1) }
    for image in 0..<2 {
      for y in 0..<2 {
        for x in 0..<3 {
          for c in 0..<7 {
            #expect(result[((image * 2 + y) * 3 + x) * 7 + c] == source[((image * 3 + 2 * y) * 5 + 2 * x) * 7 + c])
          }
        }
      }
    }
    let gradient = values(count)
    let back = try harness.run(gradient, makes: shape.count) {
      harness.backend.subsampleBackward($0, into: $1, shape: shape)
    }
    #expect(dot(result, gradient) == dot(source, back))
    #expect(back.count { $0 != 0 } <= count)
  }

  @Test(arguments: PyramidHarness.all) func shuffledPixelsComeBack(_ setting: PyramidHarness.Setting) throws {
    let harness = try setting.harness()
    let shape = ActivationShape(images: 2, height: 3, width: 5, channels: 8)
    let source = values(shape.count)
    let result = try harness.run(source, makes: shape.count) {
      harness.backend.pixelShuffle($0, shape: shape, into: $1)
    }
    for image in 0..<2 {
      for y in 0..<6 {
        for x in 0..<10 {
          for c in 0..<2 {
            let phase = y % 2 * 2 + x % 2
            let value = source[((image * 3 + y / 2) * 5 + x / 2) * 8 + phase * 2 + c]
            #expect(result[((image * 6 + y) * 10 + x) * 2 + c] == value)
          }
        }
      }
    }
    let back = try harness.run(result, makes: shape.count) {
      harness.backend.pixelUnshuffle($0, into: $1, shape: shape)
    }
    #expect(back == source)
  }

  @Test(arguments: PyramidHarness.all) func biasesAreAddedAndRectified(_ setting: PyramidHarness.Setting) throws {
    let harness = try setting.harness()
    let source = values(shape.count)
    let bias: [Float] = [1, -2, 3, 0, 5, -6, 7]
    for rectified in [false, true] {
      let memory = try harness.activation(source)
      harness.backend.addBias(bias, to: memory.base, shape: shape, rectified: rectified)
      let sums = zip(source, source.indices).map { $0 + bias[$1 % 7] }
      #expect(harness.floats(memory, shape.count) == sums.map { rectified ? max($0, 0) : $0 })
    }
    let gradient = try harness.activation(source)
    var sums = [Float](repeating: .nan, count: 7)
    harness.backend.sumOverPixels(gradient.base, shape: shape, into: &sums)
    #expect(
      sums == (0..<7).map { channel in stride(from: channel, to: shape.count, by: 7).reduce(0) { $0 + source[$1] } })
  }

  private func dot(_ a: [Float], _ b: [Float]) -> Double { zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) } }
}
