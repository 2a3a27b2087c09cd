import Basics
import Kernels
import Testing

/// A convolution and the frozen batch normalisation behind it, on every backend, against both by their definitions.
@Suite(.serialized) struct FoldedWeightsTests {
  private struct Vectors {
    let weight, bias, mean, variance: [Float]

    init(_ count: Int) {
      weight = randomValues(count, stream: 11, .float32)
      bias = randomValues(count, stream: 12, .float32)
      mean = randomValues(count, stream: 13, .float32)
      variance = randomValues(count, stream: 14, .float32).map { 0.05 + abs($0) }
    }

    func scales(_ epsilon: Float) -> [Double] {
      weight.indices.map { Double(weight[$0]) / (Double(variance[$0]) + Double(epsilon)).squareRoot() }
    }

    func with<R>(_ body: (NormalizationVectors) -> R) -> R {
      weight.withUnsafeBufferPointer { weight in
        bias.withUnsafeBufferPointer { bias in
          mean.withUnsafeBufferPointer { mean in
            variance.withUnsafeBufferPointer {
              body(
                NormalizationVectors(
                  weight: weight.baseAddress!, bias: bias.baseAddress!, mean: mean.baseAddress!,
                  variance: $0.baseAddress!))
            }
          }
        }
      }
    }
  }

  static let cases = [
    StridedConvolutionTests.Case(1, 9, 8, 64, 128, k: 1, s: 1), .init(1, 7, 9, 64, 64, k: 3, s: 1),
    .init(1, 6, 5, 20, 24, k: 1, s: 1, rectified: true), .init(1, 8, 8, 32, 32, k: 3), .init(1, 12, 12, 3, 16, k: 7),
    .init(2, 5, 6, 5, 7, k: 3, s: 1, rectified: true), .init(1, 6, 6, 48, 96, k: 1), .init(1, 10, 10, 64, 96, k: 3),
  ]

  @Test(arguments: cases) func isConvolutionThenNormalisation(_ one: StridedConvolutionTests.Case) throws {
    for setting in PyramidHarness.all {
      for epsilon: Float in [1e-5, 0] { try check(one, setting, epsilon) }
    }
  }

  private func check(
    _ one: StridedConvolutionTests.Case, _ setting: PyramidHarness.Setting, _ epsilon: Float
  ) throws {
    let backend = try setting.harness().backend
    var convolution = one.convolution
    convolution.biasIsFixed = true
    let (outputs, source) = (convolution.outputChannels, one.source)
    let layout = try backend.layout(of: convolution, reference: source)
    let folded = FoldedWeights(layout, outputs: outputs, epsilon: epsilon)
    let operation = try backend.operation(for: convolution, source: source, layout: layout, purpose: .training)
    let scratch = try GuardedMemory(
      byteCount: max(operation.scratchByteCount, folded.preparationScratchByteCount))
    let weights = randomValues(layout.canonicalCount, stream: 2, .float32)
    let master = try GuardedMemory(byteCount: 4 * layout.count)
    layout.importCanonical(weights, into: master.floats)
    let prepared = try GuardedMemory(byteCount: folded.preparedByteCount)
    let vectors = Vectors(outputs)
    let middle = folded.preparationPieces / 2
    // In two parts, as two ranks of a machine would.
    for pieces in [middle..<folded.preparationPieces, 0..<middle] {
      vectors.with {
        folded.prepare(master.floats, $0, into: prepared.base, pieces: pieces, scratch: scratch.base)
      }
    }
    let scales = vectors.scales(epsilon)
    let perOutput = weights.count / outputs
    let scaled = weights.indices.map { Float(Double(weights[$0]) * scales[$0 / perOutput]) }
    let shifts = (0..<outputs).map { Float(Double(vectors.bias[$0]) - Double(vectors.mean[$0]) * scales[$0]) }
    let naive = NaiveProduct(convolution, source: source)
    let input = randomValues(source.count, stream: 1, setting.precision)
    let gradient = randomValues(naive.destination.count, stream: 4, setting.precision)
    // Weights are rounded to bfloat16 once, after they are scaled, and so is what Winograd's transforms make, whose sums
    // are a few times less exact than plain ones.
    let isNarrow = setting.precision == .bfloat16
    let (sum, rounding) = (isNarrow ? 0x1p-8 : 4e-6, isNarrow ? 0x1p-8 : 1e-6)

    var expected = naive.forward(input, weights: scaled, bias: shifts)
    if convolution.rectified { expected.values = expected.values.map { max(0, $0) } }
    let (from, to) = (try Activation(input, backend.activationType), try Activation(gradient, backend.activationType))
    let output = try Activation([Float](repeating: .nan, count: naive.destination.count), backend.activationType)
    operation.forward(from.base, folded.weights(prepared.base), into: output.base, scratch: scratch.base)
    #expect(expected.disagreement(output.values, sum: sum, result: rounding) == nil, "\(setting.testDescription)")
    let back = try Activation([Float](repeating: .nan, count: source.count), backend.activationType)
    operation.backwardData(to.base, folded.weights(prepared.base), into: back.base, scratch: scratch.base)
    #expect(
      naive.backwardData(gradient, weights: scaled).disagreement(back.values, sum: sum, result: rounding) == nil,
      "\(setting.testDescription)")

    let raw = try GuardedMemory(byteCount: 4 * layout.count)
    operation.backwardWeights(from.base, to.base, into: raw.floats, biasGradient: nil, scratch: scratch.base)
    folded.scaleGradient(raw.floats, prepared.base)
    var found = [Float](repeating: .nan, count: weights.count)
    layout.exportCanonical(raw.floats, into: &found)
    var expectedGradient = naive.backwardWeights(input, gradient)
    for index in found.indices {
      expectedGradient.values[index] *= scales[index / perOutput]
      expectedGradient.magnitudes[index] *= abs(scales[index / perOutput])
    }
    let gradientSum = isNarrow ? 0x1p-7 : 4e-6
    #expect(expectedGradient.disagreement(found, sum: gradientSum, result: 1e-6) == nil, "\(setting.testDescription)")
    // The master weights stay the convolution's own.
    var kept = [Float](repeating: .nan, count: weights.count)
    layout.exportCanonical(master.floats, into: &kept)
    #expect(kept == weights)
  }
}
