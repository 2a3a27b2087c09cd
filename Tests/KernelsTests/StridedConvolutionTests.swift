import Basics
import Kernels
import Testing

/// Convolutions that take every other pixel, on every backend, in guarded memory.
@Suite(.serialized) struct StridedConvolutionTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let convolution: Convolution
    let source: ActivationShape
    var testDescription: String { "\(convolution.kernel)x\(convolution.kernel)/\(convolution.stride) on \(source)" }

    init(_ n: Int, _ h: Int, _ w: Int, _ i: Int, _ o: Int, k: Int, s: Int = 2, rectified: Bool = false) {
      convolution = Convolution(
        inputChannels: i, outputChannels: o, kernel: k, padding: k / 2, stride: s, rectified: rectified)
      source = ActivationShape(images: n, height: h, width: w, channels: i)
    }
  }

  /// ResNet's: the first convolution, those that halve a map, and shortcuts, at even and odd sizes.
  static let cases = [
    Case(1, 32, 30, 3, 64, k: 7, rectified: true), Case(2, 17, 9, 3, 16, k: 7), Case(1, 5, 3, 3, 8, k: 7),
    Case(1, 12, 14, 32, 32, k: 3, rectified: true), Case(2, 9, 7, 8, 24, k: 3), Case(1, 33, 5, 64, 48, k: 3),
    Case(1, 2, 2, 16, 16, k: 3), Case(1, 1, 1, 4, 5, k: 3), Case(1, 12, 10, 64, 128, k: 1),
    Case(2, 7, 5, 24, 20, k: 1), Case(1, 1, 2, 16, 32, k: 1), Case(1, 13, 16, 6, 7, k: 5, s: 3),
  ]

  @Test(arguments: cases) func agreesWithTheDefinition(_ one: Case) throws {
    for setting in PyramidHarness.all {
      let backend = try setting.harness().backend
      let harness = try OperationHarness(backend, one.convolution, source: one.source)
      let naive = NaiveProduct(one.convolution, source: one.source)
      let tolerance = setting.precision == .bfloat16 ? 0x1p-8 : 1e-6
      let input = randomValues(one.source.count, stream: 1, setting.precision)
      let weights = randomValues(harness.layout.canonicalCount, stream: 2, setting.precision)
      let bias = randomValues(one.convolution.outputChannels, stream: 3, .float32)
      let gradient = randomValues(naive.destination.count, stream: 4, setting.precision)
      #expect(harness.operation.destination == naive.destination)

      var expected = naive.forward(input, weights: weights, bias: bias)
      if one.convolution.rectified { expected.values = expected.values.map { max(0, $0) } }
      let output = try harness.forward(input, weights: weights, bias: bias)
      #expect(expected.disagreement(output, sum: 2e-6, result: tolerance) == nil, "\(setting.testDescription)")
      let sourceGradient = try harness.backwardData(gradient, weights: weights)
      let expectedSource = naive.backwardData(gradient, weights: weights)
      #expect(
        expectedSource.disagreement(sourceGradient, sum: 2e-6, result: tolerance) == nil, "\(setting.testDescription)")
      let found = try harness.backwardWeights(input, gradient, biasCount: bias.count)
      let expectedWeights = naive.backwardWeights(input, gradient)
      #expect(
        expectedWeights.disagreement(found.canonical, sum: 2e-6, result: 1e-6) == nil, "\(setting.testDescription)")
      #expect(naive.backwardBias(gradient).disagreement(found.bias, sum: 2e-6, result: 1e-6) == nil)
    }
  }

  /// PyTorch's conv2d of small whole numbers with stride 2 and padding 1: exact in both precisions.
  @Test(arguments: PyramidHarness.all) func numbersArePyTorchs(_ setting: PyramidHarness.Setting) throws {
    let source = ActivationShape(images: 1, height: 5, width: 6, channels: 2)
    let convolution = Convolution(
      inputChannels: 2, outputChannels: 3, kernel: 3, padding: 1, stride: 2, rectified: false, hasBias: false)
    let harness = try OperationHarness(try setting.harness().backend, convolution, source: source)
    #expect(try harness.forward(Self.input, weights: Self.weights, bias: nil) == Self.output)
    #expect(try harness.backwardData(Self.gradient, weights: Self.weights) == Self.inputGradient)
    #expect(try harness.backwardWeights(Self.input, Self.gradient, biasCount: 0).canonical == Self.weightGradient)
  }

  private static let input: [Float] = [
    0, 1, 1, -2, -4, 2, 1, 2, 3, 3, -3, 2, -2, 4, 1, 2, 4, -2, -4, -2, -2, 2, -1, 1, -3, 1, 4, 1, 0, -4, -4, 2, -1, -4,
    2, 2, -2, -2, 3, 0, 2, -1, 2, -1, 4, 0, 3, 2, 2, -4, -4, 3, 3, 1, 4, 4, 4, -1, 0, -1,
  ]
  private static let weights: [Float] = [
    0, 1, -3, 1, -1, -1, -1, -3, -3, -2, -2, -3, 2, -1, 0, -2, 2, 3, 2, 3, -2, 3, -2, -2, 2, 1, 3, 2, 0, 0, -2, 2, 2,
    -3, 1, -3, 3, 0, 0, -1, 3, -2, 2, -2, 2, 0, 0, 1, 1, -1, -1, 3, 3, 2,
  ]
  private static let output: [Float] = [
    15, -5, 21, -17, 13, -39, 26, 1, 7, -28, -1, -13, 16, 56, 9, -14, -24, -7, -1, -10, 15, -5, -14, 11, 0, 0, 22,
  ]
  private static let gradient: [Float] = [
    2, 0, 1, 0, 2, 2, -2, 2, 1, -2, 1, 1, 1, 2, -1, -2, 0, 0, 0, -1, 2, -1, 2, 2, 2, -1, -1,
  ]
  private static let inputGradient: [Float] = [
    1, -3, 0, -3, 2, 2, -5, -5, 1, 5, -4, 3, -7, 11, 9, 17, 5, 6, 11, -1, 4, 5, 20, -4, 3, 3, 6, -2, -8, 4, -5, 1, 2,
    2, 2, 0, 2, 0, 24, -10, 6, 3, -3, -2, 5, -8, 2, -13, 8, -4, 1, -8, 3, 3, -7, 7, -3, -3, 2, -1,
  ]
  private static let weightGradient: [Float] = [
    10, 18, 0, 22, 7, -12, 7, -2, -6, 4, -13, -3, -2, -5, -18, 6, 7, -3, 6, 8, -9, 0, -5, 4, 0, 6, -3, 5, 0, -6, 4, 10,
    19, 0, -4, -4, 3, -10, 12, -13, -2, 8, -5, 0, -7, -1, 0, 0, -1, 8, 18, 2, 1, 0,
  ]
}
