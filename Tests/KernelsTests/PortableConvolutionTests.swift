import Basics
import Kernels
import Testing

@Suite struct PortableConvolutionTests {
  struct Case: CustomTestStringConvertible {
    var images = 1
    var height: Int
    var width: Int
    var input: Int
    var output: Int
    var kernel: Int
    var padding: Int
    var testDescription: String { "\(images)x\(height)x\(width), \(input) to \(output), k\(kernel) p\(padding)" }
    var source: ActivationShape { ActivationShape(images: images, height: height, width: width, channels: input) }
    var convolution: Convolution {
      Convolution(inputChannels: input, outputChannels: output, kernel: kernel, padding: padding, rectified: false)
    }
  }

  static let cases = [
    Case(height: 7, width: 5, input: 3, output: 8, kernel: 3, padding: 1),
    Case(images: 2, height: 9, width: 14, input: 5, output: 11, kernel: 3, padding: 1),
    Case(height: 10, width: 9, input: 4, output: 19, kernel: 7, padding: 0),
    Case(height: 3, width: 2, input: 6, output: 9, kernel: 7, padding: 3),
    Case(images: 3, height: 4, width: 6, input: 17, output: 21, kernel: 1, padding: 0),
    Case(height: 1, width: 1, input: 2, output: 2, kernel: 3, padding: 1),
    Case(height: 3, width: 4, input: 1000, output: 3, kernel: 1, padding: 0),
    Case(height: 40, width: 37, input: 13, output: 7, kernel: 3, padding: 2),
  ]

  /// The definition, in double.
  static func reference(_ c: Case, _ source: [Float], _ weights: [Float], _ bias: [Float]) -> [Float] {
    let shape = c.convolution.destination(of: c.source)
    var result: [Float] = []
    for image in 0..<shape.images {
      for y in 0..<shape.height {
        for x in 0..<shape.width {
          for output in 0..<c.output {
            var sum = Double(bias[output])
            for ky in 0..<c.kernel {
              for kx in 0..<c.kernel {
                let (sy, sx) = (y + ky - c.padding, x + kx - c.padding)
                guard sy >= 0, sy < c.height, sx >= 0, sx < c.width else { continue }
                for input in 0..<c.input {
                  sum +=
                    Double(source[((image * c.height + sy) * c.width + sx) * c.input + input])
                    * Double(weights[((output * c.input + input) * c.kernel + ky) * c.kernel + kx])
                }
              }
            }
            result.append(Float(sum))
          }
        }
      }
    }
    return result
  }

  @Test(arguments: cases) func forwardIsTheDefinition(_ c: Case) throws {
    let harness = try PortableHarness(PortableBackend(precision: .float32, threads: 2), c.convolution, source: c.source)
    let source = portableRandom(c.source.count, stream: 1)
    let weights = portableRandom(harness.layout.canonicalCount, stream: 2)
    let bias = portableRandom(c.output, stream: 3)
    let expected = Self.reference(c, source, weights, bias)
    let result = harness.forward(source, weights: weights, bias: bias)
    #expect(largestDifference(result, expected) < 1e-4)

    var rectified = c.convolution
    rectified.rectified = true
    let rectifying = try PortableHarness(harness.backend, rectified, source: c.source)
    #expect(rectifying.forward(source, weights: weights, bias: bias) == result.map { max(0, $0) })

    var accumulating = c.convolution
    accumulating.accumulating = true
    let start = portableRandom(result.count, stream: 4)
    let summed = try PortableHarness(harness.backend, accumulating, source: c.source)
      .forward(source, weights: weights, bias: bias, onto: start)
    #expect(largestDifference(summed, zip(start, result).map(+)) < 1e-5)
  }

  @Test(arguments: cases) func gradientsAgreeWithDifferenceQuotients(_ c: Case) throws {
    let harness = try PortableHarness(PortableBackend(precision: .float32, threads: 2), c.convolution, source: c.source)
    let source = portableRandom(c.source.count, stream: 1)
    let weights = portableRandom(harness.layout.canonicalCount, stream: 2)
    let bias = portableRandom(c.output, stream: 3)
    let gradient = portableRandom(harness.operation.destination.count, stream: 5)
    // The objective is linear in each argument: a large step has no truncation error.
    let ofSource = gradientDisagreement(
      at: source, gradient: harness.backwardData(gradient, weights: weights), step: 1, tolerance: 1e-3
    ) { dot(gradient, harness.forward($0, weights: weights, bias: bias)) }
    #expect(ofSource == nil)
    let gradients = harness.backwardWeights(source, gradient, biasCount: c.output)
    let ofWeights = gradientDisagreement(at: weights, gradient: gradients.weights, step: 1, tolerance: 1e-3) {
      dot(gradient, harness.forward(source, weights: $0, bias: bias))
    }
    #expect(ofWeights == nil)
    let ofBias = gradientDisagreement(at: bias, gradient: gradients.bias, step: 1, tolerance: 1e-3) {
      dot(gradient, harness.forward(source, weights: weights, bias: $0))
    }
    #expect(ofBias == nil)
  }

  @Test(arguments: cases, [Precision.float32, .bfloat16])
  func bitsAreTheSameForAnyThreadCount(_ c: Case, _ precision: Precision) throws {
    let results = try [1, 2, 3, 5].map { threads -> [[Float]] in
      let harness = try PortableHarness(
        PortableBackend(precision: precision, threads: threads), c.convolution, source: c.source)
      let source = portableRandom(c.source.count, stream: 1)
      let weights = portableRandom(harness.layout.canonicalCount, stream: 2)
      let gradient = portableRandom(harness.operation.destination.count, stream: 5)
      let gradients = harness.backwardWeights(source, gradient, biasCount: c.output)
      return [
        harness.forward(source, weights: weights, bias: portableRandom(c.output, stream: 3)),
        harness.backwardData(gradient, weights: weights), gradients.weights, gradients.bias,
      ]
    }
    for result in results.dropFirst() { #expect(result == results[0]) }
  }

  @Test func bfloat16RoundsWeightsAndResultsOnly() throws {
    let c = Case(height: 8, width: 7, input: 16, output: 12, kernel: 3, padding: 1)
    let exact = try PortableHarness(PortableBackend(precision: .float32, threads: 1), c.convolution, source: c.source)
    let rounding = try PortableHarness(
      PortableBackend(precision: .bfloat16, threads: 1), c.convolution, source: c.source)
    let source = portableRandom(c.source.count, stream: 1)
    let weights = portableRandom(exact.layout.canonicalCount, stream: 2)
    let bias = portableRandom(c.output, stream: 3)
    func rounded(_ values: [Float]) -> [Float] {
      values.map { value in
        let bits = value.bitPattern
        return Float(bitPattern: (bits &+ 0x7FFF &+ ((bits >> 16) & 1)) & 0xFFFF_0000)
      }
    }
    #expect(
      rounding.forward(source, weights: weights, bias: bias)
        == rounded(exact.forward(source, weights: rounded(weights), bias: bias)))
    let gradient = portableRandom(exact.operation.destination.count, stream: 5)
    #expect(
      rounding.backwardData(gradient, weights: weights)
        == rounded(exact.backwardData(gradient, weights: rounded(weights))))
    #expect(
      rounding.backwardWeights(source, gradient, biasCount: c.output).weights
        == exact.backwardWeights(source, gradient, biasCount: c.output).weights)
  }

  @Test(arguments: cases) func canonicalWeightsSurviveTheLayout(_ c: Case) throws {
    let backend = try PortableBackend(precision: .float32, threads: 2)
    let layout = try backend.layout(of: c.convolution, reference: c.source)
    let weights = portableRandom(layout.canonicalCount, stream: 2)
    var arena = [Float](repeating: .nan, count: layout.count)
    layout.importCanonical(weights, into: &arena)
    #expect(arena.filter { $0 != 0 }.count == weights.filter { $0 != 0 }.count)
    var back = [Float](repeating: .nan, count: weights.count)
    layout.exportCanonical(arena, into: &back)
    #expect(back == weights)
  }

  @Test func gradientsOverWholeImagesKeepTheirBits() throws {
    let c = Case(height: 400, width: 300, input: 1, output: 1, kernel: 1, padding: 0)
    let harness = try PortableHarness(PortableBackend(precision: .float32, threads: 1), c.convolution, source: c.source)
    // All of one sign: a single running sum of 120,000 would be off by some 1e-5.
    let gradient = portableRandom(c.source.count, stream: 5).map { 1.5 + $0 }
    let source = portableRandom(c.source.count, stream: 6).map { 1.5 + $0 }
    let gradients = harness.backwardWeights(source, gradient, biasCount: 1)
    #expect(abs(Double(gradients.bias[0]) / gradient.reduce(0) { $0 + Double($1) } - 1) < 1e-6)
    #expect(abs(Double(gradients.weights[0]) / dot(source, gradient) - 1) < 1e-6)
  }
}
