import Basics
import Kernels
import Testing

/// Sums may differ by their order (relative to the sum of magnitudes); results in bfloat16 are rounded once more.
private let sumTolerance = 2e-6
private func resultTolerance(_ type: ElementType) -> Double { type == .bfloat16 ? 0x1p-8 : 1e-6 }

struct ConvolutionCase: CustomTestStringConvertible, Sendable {
  let convolution: Convolution
  let source: ActivationShape
  var testDescription: String {
    "\(convolution.kernel)x\(convolution.kernel) \(convolution.inputChannels)->\(convolution.outputChannels) "
      + "padding \(convolution.padding) on \(source)"
  }

  init(_ n: Int, _ h: Int, _ w: Int, _ i: Int, _ o: Int, k: Int, p: Int, rectified: Bool = false) {
    convolution = Convolution(inputChannels: i, outputChannels: o, kernel: k, padding: p, rectified: rectified)
    source = ActivationShape(images: n, height: h, width: w, channels: i)
  }

  /// The layers' kinds at small and odd sizes: first layer, backbone, fc6 whole and at its border, scores, thin nets.
  static let all = [
    ConvolutionCase(1, 9, 11, 3, 64, k: 3, p: 1, rectified: true),
    ConvolutionCase(2, 13, 7, 64, 32, k: 3, p: 1, rectified: true),
    ConvolutionCase(1, 6, 6, 32, 256, k: 3, p: 1),
    ConvolutionCase(1, 5, 7, 16, 32, k: 3, p: 1, rectified: true),
    ConvolutionCase(2, 4, 5, 32, 128, k: 7, p: 3, rectified: true),
    ConvolutionCase(1, 9, 8, 48, 64, k: 7, p: 0),
    ConvolutionCase(2, 3, 17, 64, 96, k: 7, p: 3, rectified: true),
    ConvolutionCase(1, 6, 31, 288, 32, k: 5, p: 1),
    ConvolutionCase(2, 4, 5, 128, 128, k: 1, p: 0, rectified: true),
    ConvolutionCase(2, 4, 5, 64, 11, k: 1, p: 0),
    ConvolutionCase(1, 3, 3, 20, 21, k: 1, p: 0),
    ConvolutionCase(1, 5, 4, 5, 7, k: 3, p: 1, rectified: true),
    ConvolutionCase(3, 1, 1, 8, 8, k: 3, p: 1),
    ConvolutionCase(1, 1, 1, 512, 64, k: 7, p: 3),
    ConvolutionCase(2, 2, 1, 64, 64, k: 7, p: 3),
    ConvolutionCase(1, 8, 6, 150, 64, k: 3, p: 0),
    ConvolutionCase(1, 7, 6, 32, 32, k: 3, p: 2),
    ConvolutionCase(2, 6, 9, 64, 32, k: 3, p: 0, rectified: true),
    ConvolutionCase(1, 10, 9, 160, 32, k: 3, p: 1, rectified: true),
  ]
}

extension OneDNNTests {
  @Suite struct Convolutions {
    @Test("forward, backward-data and backward-weights agree with the definition", arguments: ConvolutionCase.all)
    func agreesWithDefinition(_ one: ConvolutionCase) throws {
      for precision in OneDNNTests.precisions {
        for threads in [1, 2] {
          for hasTiles in one.convolution.kernel > 3 ? [false, true] : [false] {
            let backend = try OneDNNBackend.make(precision: precision, threads: threads, hasTiles: hasTiles)
            let harness = try OperationHarness(backend, one.convolution, source: one.source)
            try check(one, harness, precision)
          }
        }
      }
    }

    private func check(_ one: ConvolutionCase, _ harness: OperationHarness, _ precision: Precision) throws {
      let naive = NaiveProduct(one.convolution, source: one.source)
      let type = harness.backend.activationType
      let input = randomValues(one.source.count, stream: 1, precision)
      let weights = randomValues(harness.layout.canonicalCount, stream: 2, precision)
      let bias = randomValues(one.convolution.outputChannels, stream: 3, .float32)
      let gradient = randomValues(naive.destination.count, stream: 4, precision)
      #expect(harness.operation.destination == naive.destination)

      var expected = naive.forward(input, weights: weights, bias: bias)
      if one.convolution.rectified { expected.values = expected.values.map { max(0, $0) } }
      let output = try harness.forward(input, weights: weights, bias: bias)
      #expect(expected.disagreement(output, sum: sumTolerance, result: resultTolerance(type)) == nil)

      let sourceGradient = try harness.backwardData(gradient, weights: weights)
      let expectedSource = naive.backwardData(gradient, weights: weights)
      #expect(expectedSource.disagreement(sourceGradient, sum: sumTolerance, result: resultTolerance(type)) == nil)

      let found = try harness.backwardWeights(input, gradient, biasCount: bias.count)
      let expectedWeights = naive.backwardWeights(input, gradient)
      #expect(expectedWeights.disagreement(found.canonical, sum: sumTolerance, result: 1e-6) == nil)
      #expect(naive.backwardBias(gradient).disagreement(found.bias, sum: sumTolerance, result: 1e-6) == nil)
      // What the layout adds to the canonical weights stays zero: the sum of squares shows any leftover or NaN.
      #expect(squares(found.raw) == squares(found.canonical))
    }

    /// In an order that does not depend on the arrangement: sorted.
    private func squares(_ values: [Float]) -> Double {
      values.filter { $0 != 0 }.sorted().reduce(0) { $0 + Double($1) * Double($1) }
    }

    /// Large enough for several strips, several images and several pieces a thread.
    @Test(
      "weight gradients of wide images agree with the portable backend",
      arguments: [
        ConvolutionCase(2, 14, 500, 64, 32, k: 3, p: 1), ConvolutionCase(1, 21, 300, 150, 64, k: 3, p: 1),
        ConvolutionCase(3, 33, 40, 256, 64, k: 1, p: 0), ConvolutionCase(1, 78, 83, 32, 128, k: 3, p: 1),
      ])
    func wideImages(_ one: ConvolutionCase) throws {
      for precision in OneDNNTests.precisions {
        let portable = try OperationHarness(
          PortableBackend(precision: precision, threads: 2), one.convolution, source: one.source)
        let input = randomValues(one.source.count, stream: 1, precision)
        let gradient = randomValues(portable.operation.destination.count, stream: 4, precision)
        let outputs = one.convolution.outputChannels
        let expected = try portable.backwardWeights(input, gradient, biasCount: outputs)
        // Sums of n products of numbers up to 1 in magnitude, whose partial sums grow with the root of n: added one after
        // another (oneDNN with AVX2), rounding errors grow with n; in blocks, with its root, and Winograd's are about
        // four times a plain sum's.
        let count = Double(portable.operation.destination.pixelCount)
        let allowed = max(4e-6 * count.squareRoot(), 8e-8 * count)
        for threads in [1, 2, 3] {
          let backend = try OneDNNBackend.make(precision: precision, threads: threads)
          let found = try OperationHarness(backend, one.convolution, source: one.source)
            .backwardWeights(input, gradient, biasCount: outputs)
          #expect(Double(largestDifference(found.canonical, expected.canonical)) < allowed)
          #expect(Double(largestDifference(found.bias, expected.bias)) < allowed)
        }
      }
    }

    @Test("accumulating adds to what the destination holds", arguments: OneDNNTests.precisions)
    func accumulates(_ precision: Precision) throws {
      let backend = try OneDNNBackend.make(precision: precision, threads: 2)
      let source = ActivationShape(images: 2, height: 5, width: 6, channels: 64)
      let convolution = Convolution(
        inputChannels: 64, outputChannels: 11, kernel: 1, padding: 0, rectified: false, accumulating: true)
      let harness = try OperationHarness(backend, convolution, source: source)
      let naive = NaiveProduct(convolution, source: source)
      let input = randomValues(source.count, stream: 1, precision)
      let weights = randomValues(harness.layout.canonicalCount, stream: 2, precision)
      let bias = randomValues(11, stream: 3, .float32)
      let before = randomValues(naive.destination.count, stream: 5, precision)
      let output = try harness.forward(input, weights: weights, bias: bias, onto: before)
      var expected = naive.forward(input, weights: weights, bias: bias)
      for (index, value) in before.enumerated() { expected.add(value, 1, at: index) }
      let tolerance = resultTolerance(backend.activationType)
      #expect(expected.disagreement(output, sum: sumTolerance, result: tolerance) == nil)
    }

    @Test("inference and first-layer operations compute the same forward bits", arguments: OneDNNTests.precisions)
    func purposesAgree(_ precision: Precision) throws {
      let backend = try OneDNNBackend.make(precision: precision, threads: 2)
      let source = ActivationShape(images: 1, height: 12, width: 10, channels: 3)
      let convolution = Convolution(inputChannels: 3, outputChannels: 32, kernel: 3, padding: 1, rectified: true)
      let input = randomValues(source.count, stream: 1, precision)
      let bias = randomValues(32, stream: 3, .float32)
      let outputs = try [OperationPurpose.training, .inference, .trainingWithoutSourceGradient].map { purpose in
        let harness = try OperationHarness(backend, convolution, source: source, purpose: purpose)
        let weights = randomValues(harness.layout.canonicalCount, stream: 2, precision)
        return try harness.forward(input, weights: weights, bias: bias)
      }
      #expect(outputs[0] == outputs[1])
      #expect(outputs[0] == outputs[2])
    }

    @Test("a layout chosen for one image size serves every other", arguments: OneDNNTests.precisions)
    func layoutIsPinned(_ precision: Precision) throws {
      let backend = try OneDNNBackend.make(precision: precision, threads: 2)
      let reference = ActivationShape(images: 1, height: 90, width: 120, channels: 64)
      for one in ConvolutionCase.all where one.convolution.inputChannels == 64 {
        let harness = try OperationHarness(backend, one.convolution, source: one.source, reference: reference)
        try check(one, harness, precision)
      }
    }
  }
}
