import Basics
import COneDNN
import Kernels
import Testing

/// FCN-8s on VGG16 at full width: every layer with its source shape.
private struct FullNet {
  typealias Layer = (name: String, convolution: Convolution, source: ActivationShape)
  var layers: [Layer] = []

  /// - Parameter padding: what the image is padded by before conv1_1, whose own padding is 1 (99 for `padded100`).
  init(height: Int, width: Int, images: Int = 1, padding: Int = 0) {
    var shape = ActivationShape(images: images, height: height + 2 * padding, width: width + 2 * padding, channels: 3)
    func append(_ name: String, _ width: Int, _ kernel: Int, _ padding: Int) {
      let convolution = Convolution(
        inputChannels: shape.channels, outputChannels: width, kernel: kernel, padding: padding, rectified: true)
      layers.append((name, convolution, shape))
      shape = convolution.destination(of: shape)
    }
    for (block, (width, count)) in [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)].enumerated() {
      for index in 1...count { append("conv\(block + 1)_\(index)", width, 3, 1) }
      (shape.height, shape.width) = ((shape.height + 1) / 2, (shape.width + 1) / 2)
    }
    append("fc6", 4096, 7, padding == 0 ? 3 : 0)
    append("fc7", 4096, 1, 0)
  }
}

extension OneDNNTests {
  /// What a plan relies on beyond single results: which kernels run, equal bits, memory.
  @Suite struct Plans {
    @Test("no hot layer falls to a reference or plain gemm kernel", arguments: OneDNNTests.precisions)
    func hotLayersAreFast(_ precision: Precision) throws {
      for threads in [1, 2] {
        let backend = try OneDNNBackend.make(precision: precision, threads: threads)
        for (padding, images) in [(0, 1), (0, 4), (99, 1)] {
          let net = FullNet(height: 360, width: 480, images: images, padding: padding)
          for layer in net.layers {
            let layout = try backend.layout(of: layer.convolution, reference: layer.source)
            let operation = try backend.operation(
              for: layer.convolution, source: layer.source, layout: layout,
              purpose: layer.name == "conv1_1" ? .trainingWithoutSourceGradient : .training)
            let names = operation.implementation
            #expect(
              !names.contains("ref") && !names.contains("gemm") && !names.contains("reorder"), "\(layer.name): \(names)"
            )
          }
        }
      }
    }

    @Test("layouts stay the same from one image size to another, and kernels fast", arguments: OneDNNTests.precisions)
    func pinnedLayoutsAreFast(_ precision: Precision) throws {
      let backend = try OneDNNBackend.make(precision: precision, threads: 2)
      let reference = FullNet(height: 360, width: 480)
      for (height, width, images) in [(224, 224, 2), (375, 500, 1), (512, 512, 4)] {
        for (layer, model) in zip(FullNet(height: height, width: width, images: images).layers, reference.layers) {
          let layout = try backend.layout(of: layer.convolution, reference: model.source)
          let operation = try backend.operation(
            for: layer.convolution, source: layer.source, layout: layout,
            purpose: layer.name == "conv1_1" ? .trainingWithoutSourceGradient : .training)
          let names = operation.implementation
          #expect(!names.contains("ref") && !names.contains("gemm"), "\(layer.name) \(layer.source): \(names)")
        }
      }
    }

    private static let repeatable = [
      ConvolutionCase(4, 23, 30, 64, 64, k: 3, p: 1, rectified: true),
      ConvolutionCase(2, 12, 15, 64, 256, k: 7, p: 3, rectified: true),
      ConvolutionCase(2, 12, 15, 256, 128, k: 1, p: 0),
      ConvolutionCase(2, 45, 60, 3, 64, k: 3, p: 1, rectified: true),
      ConvolutionCase(3, 21, 30, 128, 256, k: 3, p: 1, rectified: true),
      // Tiles enough for a large block for each of two threads, and too few for three.
      ConvolutionCase(1, 78, 83, 128, 160, k: 3, p: 1, rectified: true),
    ]

    @Test("forward and backward-data: the same bits for any threads and any batch split", arguments: repeatable)
    func activationsDoNotDependOnThreads(_ one: ConvolutionCase) throws {
      for precision in OneDNNTests.precisions {
        let input = randomValues(one.source.count, stream: 1, precision)
        let gradientShape = one.convolution.destination(of: one.source)
        let gradient = randomValues(gradientShape.count, stream: 4, precision)
        let bias = randomValues(one.convolution.outputChannels, stream: 3, .float32)
        var results: [[Float]] = []
        for threads in [1, 2, 3] {
          let backend = try OneDNNBackend.make(precision: precision, threads: threads)
          let whole = try OperationHarness(backend, one.convolution, source: one.source)
          let weights = randomValues(whole.layout.canonicalCount, stream: 2, precision)
          results.append(
            try whole.forward(input, weights: weights, bias: bias) + whole.backwardData(gradient, weights: weights))
          var single = one.source
          single.images = 1
          let split = try OperationHarness(backend, one.convolution, source: single, reference: one.source)
          let outputs = try stride(from: 0, to: input.count, by: single.count).map {
            try split.forward(Array(input[$0..<$0 + single.count]), weights: weights, bias: bias)
          }
          let step = gradient.count / one.source.images
          let gradients = try stride(from: 0, to: gradient.count, by: step).map {
            try split.backwardData(Array(gradient[$0..<$0 + step]), weights: weights)
          }
          results.append(outputs.flatMap { $0 } + gradients.flatMap { $0 })
        }
        #expect(results.allSatisfy { $0 == results[0] })
      }
    }

    @Test("weight gradients: the same bits every time for equal threads", arguments: repeatable)
    func weightGradientsRepeat(_ one: ConvolutionCase) throws {
      for precision in OneDNNTests.precisions {
        for threads in [1, 2, 3] {
          let input = randomValues(one.source.count, stream: 1, precision)
          let gradient = randomValues(one.convolution.destination(of: one.source).count, stream: 4, precision)
          let runs = try (0..<4).map { _ in
            let backend = try OneDNNBackend.make(precision: precision, threads: threads)
            let harness = try OperationHarness(backend, one.convolution, source: one.source)
            return try harness.backwardWeights(input, gradient, biasCount: one.convolution.outputChannels)
          }
          #expect(runs.allSatisfy { $0.raw == runs[0].raw && $0.bias == runs[0].bias })
        }
      }
    }

    @Test("weights survive the way into a layout and back", arguments: OneDNNTests.precisions)
    func layoutsRoundTrip(_ precision: Precision) throws {
      let backend = try OneDNNBackend.make(precision: precision, threads: 2)
      for one in ConvolutionCase.all {
        let layout = try backend.layout(of: one.convolution, reference: one.source)
        try checkRoundTrip(layout)
      }
      for one in DeconvolutionCase.all {
        let layout = try backend.layout(of: one.deconvolution, reference: one.source)
        try checkRoundTrip(layout)
      }
    }

    @Test(
      "fc6's weights survive it too, in each of its forms",
      .enabled(if: OneDNNTests.hasBFloat16, "this processor has no bfloat16 in oneDNN"), arguments: [false, true])
    func unrolledLayoutRoundTrips(_ hasTiles: Bool) throws {
      let backend = try OneDNNBackend.make(precision: .bfloat16, threads: 1, hasTiles: hasTiles)
      let convolution = Convolution(inputChannels: 64, outputChannels: 96, kernel: 7, padding: 3, rectified: true)
      let source = ActivationShape(images: 1, height: 12, width: 15, channels: 64)
      try checkRoundTrip(backend.layout(of: convolution, reference: source))
    }

    private func checkRoundTrip(_ layout: any WeightLayout) throws {
      let canonical = (0..<layout.canonicalCount).map { Float($0 + 1) }
      var weights = [Float](repeating: .nan, count: layout.count)
      layout.importCanonical(canonical, into: &weights)
      var back = [Float](repeating: .nan, count: layout.canonicalCount)
      layout.exportCanonical(weights, into: &back)
      #expect(back == canonical)
      #expect(weights.count(where: { $0 != 0 }) == canonical.count, "the padding is not zero")
    }

    @Test("layouts tell themselves apart")
    func fingerprints() throws {
      let backend = try OneDNNBackend.make(precision: .float32, threads: 1)
      let one = ConvolutionCase.all[1]
      let layout = try backend.layout(of: one.convolution, reference: one.source)
      let again = try backend.layout(of: one.convolution, reference: one.source)
      let other = try backend.layout(of: ConvolutionCase.all[2].convolution, reference: ConvolutionCase.all[2].source)
      #expect(layout.fingerprint == again.fingerprint)
      #expect(layout.fingerprint != other.fingerprint)
    }

    @Test("no operation leaves a handle behind")
    func handlesAreReleased() throws {
      let before = conednn_live_handles()
      for precision in OneDNNTests.precisions {
        let backend = try OneDNNBackend.make(precision: precision, threads: 1)
        for one in ConvolutionCase.all.prefix(4) {
          _ = try OperationHarness(backend, one.convolution, source: one.source)
        }
        for one in DeconvolutionCase.all.prefix(4) {
          _ = try OperationHarness(backend, one.deconvolution, source: one.source)
        }
      }
      #expect(conednn_live_handles() == before)
    }

    @Test("nothing is written outside its memory", arguments: [1, 2, 3])
    func staysInsideItsMemory(_ threads: Int) throws {
      conednn_set_guard(1)
      defer { conednn_set_guard(0) }
      for precision in OneDNNTests.precisions {
        let backend = try OneDNNBackend.make(precision: precision, threads: threads)
        for one in ConvolutionCase.all + Self.repeatable {
          try runAll(
            OperationHarness(backend, one.convolution, source: one.source), biasCount: one.convolution.outputChannels)
        }
        for one in DeconvolutionCase.all {
          try runAll(OperationHarness(backend, one.deconvolution, source: one.source), biasCount: 0)
        }
      }
    }

    private func runAll(_ harness: OperationHarness, biasCount: Int) throws {
      let input = randomValues(harness.operation.source.count, stream: 1, .bfloat16)
      let gradient = randomValues(harness.operation.destination.count, stream: 4, .bfloat16)
      let weights = randomValues(harness.layout.canonicalCount, stream: 2, .bfloat16)
      let bias = biasCount == 0 ? nil : [Float](repeating: 0.5, count: biasCount)
      #expect(try harness.forward(input, weights: weights, bias: bias).allSatisfy(\.isFinite))
      #expect(try harness.backwardData(gradient, weights: weights).allSatisfy(\.isFinite))
      #expect(try harness.backwardWeights(input, gradient, biasCount: biasCount).raw.allSatisfy(\.isFinite))
    }

    @Test("guarded runs give the same results")
    func guardIsTransparent() throws {
      conednn_set_guard(1)
      defer { conednn_set_guard(0) }
      let one = ConvolutionCase.all[1]
      let backend = try OneDNNBackend.make(precision: .float32, threads: 2)
      let harness = try OperationHarness(backend, one.convolution, source: one.source)
      let input = randomValues(one.source.count, stream: 1, .float32)
      let weights = randomValues(harness.layout.canonicalCount, stream: 2, .float32)
      let bias = [Float](repeating: 0.25, count: one.convolution.outputChannels)
      let guarded = try harness.forward(input, weights: weights, bias: bias)
      conednn_set_guard(0)
      #expect(try harness.forward(input, weights: weights, bias: bias) == guarded)
    }

    @Test("the backend says what it is")
    func summaries() throws {
      let backend = try OneDNNBackend.make(precision: .float32, threads: 2)
      #expect(backend.name == "onednn")
      #expect(backend.summary.contains("oneDNN 3.") && backend.summary.contains("2 threads"))
      let other = try OneDNNBackend.make(precision: .float32, threads: 1)
      #expect(backend.fingerprint != other.fingerprint)
    }

    @Test(
      "backends whose layers take other forms do not call themselves equal",
      .enabled(if: OneDNNTests.hasBFloat16, "this processor has no bfloat16 in oneDNN"))
    func fingerprintsTellForms() throws {
      func fingerprint(hasTiles: Bool) throws -> String {
        try OneDNNBackend.make(precision: .bfloat16, threads: 1, hasTiles: hasTiles).fingerprint
      }
      #expect(try fingerprint(hasTiles: true) != fingerprint(hasTiles: false))
      #expect(try fingerprint(hasTiles: false) == fingerprint(hasTiles: false))
    }

    @Test(
      "with matrix tiles, bfloat16 layers are the library's own",
      .enabled(if: OneDNNTests.hasBFloat16, "this processor has no bfloat16 in oneDNN"),
      arguments: [(3, 64), (3, 256), (3, 512), (7, 512)])
    func tilesKeepTheLibrary(_ kernel: Int, _ channels: Int) throws {
      let convolution = Convolution(
        inputChannels: channels, outputChannels: channels, kernel: kernel, padding: kernel / 2, rectified: true)
      let source = ActivationShape(images: 1, height: 12, width: 15, channels: channels)
      let backend = try OneDNNBackend.make(precision: .bfloat16, threads: 1, hasTiles: true)
      let implementation = try backend.operation(
        for: convolution, source: source, layout: backend.layout(of: convolution, reference: source),
        purpose: .training
      ).implementation
      #expect(!["winograd", "direct", "kn2row"].contains { implementation.contains($0) }, "\(implementation)")
    }
  }
}
