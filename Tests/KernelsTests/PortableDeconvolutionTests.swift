import Basics
import Kernels
import Testing

@Suite struct PortableDeconvolutionTests {
  struct Case: CustomTestStringConvertible {
    var images = 1
    var height: Int
    var width: Int
    var channels: Int
    var kernel: Int
    var stride: Int
    var offset: Int
    var resultHeight: Int
    var resultWidth: Int
    var testDescription: String {
      "\(images)x\(height)x\(width)x\(channels), k\(kernel) s\(stride) at \(offset), \(resultHeight)x\(resultWidth)"
    }
    var source: ActivationShape { ActivationShape(images: images, height: height, width: width, channels: channels) }
    var deconvolution: Deconvolution {
      Deconvolution(
        inputChannels: channels, outputChannels: channels, kernel: kernel, stride: stride, offset: offset,
        height: resultHeight, width: resultWidth, floatDestination: true)
    }
  }

  static let cases = [
    Case(height: 3, width: 4, channels: 5, kernel: 4, stride: 2, offset: 0, resultHeight: 8, resultWidth: 10),
    Case(
      images: 2, height: 3, width: 4, channels: 11, kernel: 4, stride: 2, offset: 1, resultHeight: 5, resultWidth: 8),
    Case(height: 2, width: 3, channels: 3, kernel: 16, stride: 8, offset: 4, resultHeight: 15, resultWidth: 17),
    Case(height: 3, width: 2, channels: 2, kernel: 64, stride: 32, offset: 19, resultHeight: 70, resultWidth: 65),
    Case(height: 1, width: 1, channels: 9, kernel: 16, stride: 8, offset: 4, resultHeight: 1, resultWidth: 3),
    Case(height: 2, width: 2, channels: 4, kernel: 3, stride: 5, offset: 1, resultHeight: 6, resultWidth: 5),
  ]

  /// The definition, in double: every source pixel adds its kernel to the full result, which is then cropped.
  static func reference(_ c: Case, _ source: [Float], _ weights: [Float]) -> [Float] {
    let fullHeight = (c.height - 1) * c.stride + c.kernel
    let fullWidth = (c.width - 1) * c.stride + c.kernel
    var result: [Float] = []
    for image in 0..<c.images {
      var full = [Double](repeating: 0, count: fullHeight * fullWidth * c.channels)
      for y in 0..<c.height {
        for x in 0..<c.width {
          for input in 0..<c.channels {
            let value = Double(source[((image * c.height + y) * c.width + x) * c.channels + input])
            for output in 0..<c.channels {
              for ky in 0..<c.kernel {
                for kx in 0..<c.kernel {
                  full[((y * c.stride + ky) * fullWidth + x * c.stride + kx) * c.channels + output] +=
                    value * Double(weights[((input * c.channels + output) * c.kernel + ky) * c.kernel + kx])
                }
              }
            }
          }
        }
      }
      for y in 0..<c.resultHeight {
        for x in 0..<c.resultWidth {
          for output in 0..<c.channels {
            result.append(Float(full[((y + c.offset) * fullWidth + x + c.offset) * c.channels + output]))
          }
        }
      }
    }
    return result
  }

  @Test(arguments: cases) func forwardIsTheDefinition(_ c: Case) throws {
    let harness = try PortableHarness(
      PortableBackend(precision: .float32, threads: 2), c.deconvolution, source: c.source)
    let source = portableRandom(c.source.count, stream: 1)
    let weights = portableRandom(harness.layout.canonicalCount, stream: 2)
    let result = harness.forward(source, weights: weights, bias: nil)
    #expect(largestDifference(result, Self.reference(c, source, weights)) < 1e-5)
  }

  @Test(arguments: cases) func gradientsAgreeWithDifferenceQuotients(_ c: Case) throws {
    let harness = try PortableHarness(
      PortableBackend(precision: .float32, threads: 2), c.deconvolution, source: c.source)
    let source = portableRandom(c.source.count, stream: 1)
    let weights = portableRandom(harness.layout.canonicalCount, stream: 2)
    let gradient = portableRandom(harness.operation.destination.count, stream: 5)
    let ofSource = gradientDisagreement(
      at: source, gradient: harness.backwardData(gradient, weights: weights), step: 1, tolerance: 1e-3
    ) { dot(gradient, harness.forward($0, weights: weights, bias: nil)) }
    #expect(ofSource == nil)
    let ofWeights = gradientDisagreement(
      at: weights, gradient: harness.backwardWeights(source, gradient, biasCount: 0).weights, step: 1, tolerance: 1e-3
    ) { dot(gradient, harness.forward(source, weights: $0, bias: nil)) }
    #expect(ofWeights == nil)
  }

  @Test(arguments: cases) func bitsAreTheSameForAnyThreadCount(_ c: Case) throws {
    let results = try [1, 2, 3].map { threads -> [[Float]] in
      let harness = try PortableHarness(
        PortableBackend(precision: .float32, threads: threads), c.deconvolution, source: c.source)
      let source = portableRandom(c.source.count, stream: 1)
      let weights = portableRandom(harness.layout.canonicalCount, stream: 2)
      let gradient = portableRandom(harness.operation.destination.count, stream: 5)
      return [
        harness.forward(source, weights: weights, bias: nil), harness.backwardData(gradient, weights: weights),
        harness.backwardWeights(source, gradient, biasCount: 0).weights,
      ]
    }
    for result in results.dropFirst() { #expect(result == results[0]) }
  }

  @Test func onlyAFloatDestinationStaysUnrounded() throws {
    let c = Case(height: 4, width: 4, channels: 6, kernel: 4, stride: 2, offset: 1, resultHeight: 8, resultWidth: 8)
    let backend = try PortableBackend(precision: .bfloat16, threads: 1)
    let source = portableRandom(c.source.count, stream: 1)
    let weights = portableRandom(6 * 6 * 16, stream: 2)
    var stored = c.deconvolution
    stored.floatDestination = false
    let floats = try PortableHarness(backend, c.deconvolution, source: c.source)
      .forward(source, weights: weights, bias: nil)
    let rounded = try PortableHarness(backend, stored, source: c.source).forward(source, weights: weights, bias: nil)
    #expect(rounded.allSatisfy { $0.bitPattern & 0xFFFF == 0 })
    #expect(floats.contains { $0.bitPattern & 0xFFFF != 0 })
    #expect(zip(floats, rounded).allSatisfy { abs($0 - $1) <= abs($0) * 0x1p-8 })
  }
}
