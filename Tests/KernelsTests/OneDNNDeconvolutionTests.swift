import Basics
import Kernels
import Testing

struct DeconvolutionCase: CustomTestStringConvertible, Sendable {
  let deconvolution: Deconvolution
  let source: ActivationShape
  var testDescription: String {
    let d = deconvolution
    return "k\(d.kernel) s\(d.stride) \(d.inputChannels)->\(d.outputChannels) offset \(d.offset) keeping "
      + "\(d.height)x\(d.width) on \(source)"
  }

  init(
    _ n: Int, _ h: Int, _ w: Int, _ channels: Int, k: Int, s: Int, offset: Int, to height: Int, _ width: Int,
    float: Bool = true
  ) {
    deconvolution = Deconvolution(
      inputChannels: channels, outputChannels: channels, kernel: k, stride: s, offset: offset, height: height,
      width: width, floatDestination: float)
    source = ActivationShape(images: n, height: h, width: w, channels: channels)
  }

  static let all = [
    // same: (k-s)/2, cropped to odd sizes
    DeconvolutionCase(1, 3, 4, 11, k: 4, s: 2, offset: 1, to: 5, 8, float: false),
    DeconvolutionCase(2, 3, 4, 21, k: 4, s: 2, offset: 1, to: 6, 7, float: false),
    DeconvolutionCase(2, 5, 4, 11, k: 16, s: 8, offset: 4, to: 37, 30),
    DeconvolutionCase(1, 3, 3, 3, k: 32, s: 16, offset: 8, to: 48, 41),
    DeconvolutionCase(1, 2, 3, 5, k: 64, s: 32, offset: 16, to: 64, 90),
    // padded100: no crop before a skip, then 31, 27 and 19
    DeconvolutionCase(1, 3, 4, 11, k: 4, s: 2, offset: 0, to: 8, 10, float: false),
    DeconvolutionCase(1, 9, 11, 11, k: 16, s: 8, offset: 31, to: 18, 33),
    DeconvolutionCase(2, 6, 5, 4, k: 32, s: 16, offset: 27, to: 50, 37),
    DeconvolutionCase(1, 3, 4, 11, k: 64, s: 32, offset: 19, to: 70, 110),
    DeconvolutionCase(1, 1, 1, 2, k: 16, s: 8, offset: 4, to: 8, 5),
  ]
}

extension OneDNNTests {
  @Suite struct Deconvolutions {
    @Test("no net's upsampling falls to a reference or plain gemm kernel, whatever size its layout was chosen for")
    func upsamplingIsFast() throws {
      for (precision, (kernel, stride)) in OneDNNTests.precisions.flatMap({ precision in
        [(64, 32), (32, 16), (16, 8), (4, 2)].map { (precision, $0) }
      }) {
        let backend = try OneDNNBackend.make(precision: precision, threads: 2)
        func upsampling(_ height: Int, _ width: Int) -> (Deconvolution, ActivationShape) {
          let rows = { (pixels: Int) in (pixels + stride - 1) / stride }
          return (
            Deconvolution(
              inputChannels: 11, outputChannels: 11, kernel: kernel, stride: stride, offset: (kernel - stride) / 2,
              height: height, width: width, floatDestination: kernel > 4),
            ActivationShape(images: 2, height: rows(height), width: rows(width), channels: 11)
          )
        }
        let crop = upsampling(192, 256)
        let layout = try backend.layout(of: crop.0, reference: crop.1)
        for (deconvolution, source) in [crop, upsampling(360, 480), upsampling(375, 500), upsampling(97, 513)] {
          let names = try backend.operation(for: deconvolution, source: source, layout: layout, purpose: .training)
            .implementation
          #expect(!names.contains("ref") && !names.contains("gemm"), "\(deconvolution): \(names)")
        }
      }
    }

    @Test("all three directions agree with the definition", arguments: DeconvolutionCase.all)
    func agreesWithDefinition(_ one: DeconvolutionCase) throws {
      for precision in OneDNNTests.precisions {
        let backend = try OneDNNBackend.make(precision: precision, threads: 2)
        let harness = try OperationHarness(backend, one.deconvolution, source: one.source)
        let naive = NaiveProduct(one.deconvolution, source: one.source)
        let input = randomValues(one.source.count, stream: 1, precision)
        let weights = randomValues(harness.layout.canonicalCount, stream: 2, precision)
        let gradient = randomValues(naive.destination.count, stream: 4, precision)
        let rounding = backend.activationType == .bfloat16 ? 0x1p-8 : 1e-6
        #expect(harness.operation.destination == naive.destination)

        let output = try harness.forward(input, weights: weights, bias: nil)
        let expected = naive.forward(input, weights: weights, bias: nil)
        let outputRounding = one.deconvolution.floatDestination ? 1e-6 : rounding
        #expect(expected.disagreement(output, sum: 2e-6, result: outputRounding) == nil)

        let sourceGradient = try harness.backwardData(gradient, weights: weights)
        let expectedSource = naive.backwardData(gradient, weights: weights)
        #expect(expectedSource.disagreement(sourceGradient, sum: 2e-6, result: rounding) == nil)

        let found = try harness.backwardWeights(input, gradient, biasCount: 0)
        let expectedWeights = naive.backwardWeights(input, gradient)
        #expect(expectedWeights.disagreement(found.canonical, sum: 2e-6, result: 1e-6) == nil)
        let canonical = found.canonical.filter { $0 != 0 }.sorted()
        #expect(found.raw.filter { $0 != 0 }.sorted().elementsEqual(canonical), "the layout's padding is not zero")
      }
    }
  }
}
