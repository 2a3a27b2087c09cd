import Basics
import Kernels
import Testing

extension OneDNNTests {
  /// Layers wide enough for Winograd filtering in bfloat16, which rounds transformed values as well as results.
  @Suite(.enabled(if: OneDNNTests.hasBFloat16, "this processor has no bfloat16 in oneDNN"))
  struct Filtering {
    static let cases = [
      ConvolutionCase(2, 13, 7, 64, 64, k: 3, p: 1, rectified: true),
      ConvolutionCase(1, 10, 9, 160, 96, k: 3, p: 1, rectified: true),
      ConvolutionCase(1, 6, 6, 128, 256, k: 3, p: 1, rectified: true),
      ConvolutionCase(2, 7, 5, 160, 128, k: 3, p: 1),
      ConvolutionCase(3, 1, 1, 128, 128, k: 3, p: 1, rectified: true),
      ConvolutionCase(1, 5, 9, 128, 160, k: 3, p: 0),
      ConvolutionCase(2, 4, 3, 192, 128, k: 3, p: 2, rectified: true),
      // Several blocks of tiles, for one thread and for several; weights too many for a cache; inputs in groups.
      ConvolutionCase(1, 61, 83, 128, 128, k: 3, p: 1),
      ConvolutionCase(2, 29, 33, 256, 512, k: 3, p: 1, rectified: true),
      ConvolutionCase(1, 9, 7, 512, 512, k: 3, p: 1),
    ]

    @Test("wide bfloat16 layers agree with the portable backend as far as rounded values can", arguments: cases)
    func agrees(_ one: ConvolutionCase) throws {
      let portable = try OperationHarness(
        PortableBackend(precision: .bfloat16, threads: 2), one.convolution, source: one.source)
      let input = randomValues(one.source.count, stream: 1, .bfloat16)
      let weights = randomValues(portable.layout.canonicalCount, stream: 2, .bfloat16)
      let bias = randomValues(one.convolution.outputChannels, stream: 3, .float32)
      let gradient = randomValues(portable.operation.destination.count, stream: 4, .bfloat16)
      let output = try portable.forward(input, weights: weights, bias: bias)
      let sourceGradient = try portable.backwardData(gradient, weights: weights)
      let weightGradient = try portable.backwardWeights(input, gradient, biasCount: bias.count)
      for threads in [1, 2, 3] {
        let harness = try OperationHarness(
          OneDNNBackend.make(precision: .bfloat16, threads: threads, hasTiles: false), one.convolution,
          source: one.source)
        expectNear(try harness.forward(input, weights: weights, bias: bias), output)
        expectNear(try harness.backwardData(gradient, weights: weights), sourceGradient)
        let found = try harness.backwardWeights(input, gradient, biasCount: bias.count)
        expectNear(found.canonical, weightGradient.canonical)
        expectNear(found.bias, weightGradient.bias)
      }
    }

    @Test("forward has the same bits for any number of threads and any split of the batch")
    func sameBits() throws {
      let three = ConvolutionCase(3, 19, 23, 256, 512, k: 3, p: 1)
      let input = randomValues(three.source.count, stream: 1, .bfloat16)
      let weights = randomValues(256 * 512 * 9, stream: 2, .bfloat16)
      let bias = randomValues(512, stream: 3, .float32)
      func forward(threads: Int, images: Range<Int>) throws -> [Float] {
        let source = ActivationShape(images: images.count, height: 19, width: 23, channels: 256)
        let size = source.count / images.count
        return try OperationHarness(
          OneDNNBackend.make(precision: .bfloat16, threads: threads, hasTiles: false), three.convolution,
          source: source
        ).forward(
          Array(input[images.lowerBound * size..<images.upperBound * size]), weights: weights, bias: bias)
      }
      let whole = try forward(threads: 1, images: 0..<3)
      #expect(try forward(threads: 3, images: 0..<3) == whole)
      #expect(try forward(threads: 2, images: 0..<1) + forward(threads: 1, images: 1..<3) == whole)
    }

    /// Within rounding errors relative to what is usual for the whole array: a value that is a small difference of
    /// large products is no more exact than they are.
    private func expectNear(
      _ found: [Float], _ expected: [Float], sourceLocation: SourceLocation = #_sourceLocation
    ) {
      func rootMeanSquare(_ values: some Collection<Double>) -> Double {
        (values.reduce(0) { $0 + $1 * $1 } / Double(values.count)).squareRoot()
      }
      let usual = rootMeanSquare(expected.map(Double.init))
      let errors = zip(found, expected).map { Double($0) - Double($1) }
      #expect(rootMeanSquare(errors) < 6e-3 * usual, sourceLocation: sourceLocation)
      #expect(errors.allSatisfy { abs($0) < 5e-2 * usual }, sourceLocation: sourceLocation)
    }
  }
}
