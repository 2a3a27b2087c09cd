import Basics
import Kernels
import Testing

/// Both backends side by side: what is not a long sum must be equal in every bit.
private struct Pair {
  let fast: OneDNNBackend
  let portable: PortableBackend
  let precision: Precision

  init(_ precision: Precision, threads: Int = 2) throws {
    fast = try OneDNNBackend.make(precision: precision, threads: threads)
    portable = try PortableBackend(precision: precision, threads: 1)
    self.precision = precision
  }

  /// Runs `body` on both backends over `values` and gives the two results.
  func results(
    _ values: [Float], _ body: (any Backend, UnsafeMutableRawPointer) throws -> Void
  ) throws -> (fast: [Float], portable: [Float]) {
    let one = try Activation(values, fast.activationType)
    let other = try Activation(values, portable.activationType)
    try body(fast, one.base)
    try body(portable, other.base)
    return (one.values, other.values)
  }

  func isEqual(_ values: [Float], _ body: (any Backend, UnsafeMutableRawPointer) throws -> Void) throws -> Bool {
    let both = try results(values, body)
    return both.fast == both.portable && both.fast != values
  }
}

extension OneDNNTests {
  @Suite struct Elements {
    static let shape = ActivationShape(images: 2, height: 37, width: 53, channels: 21)

    @Test("load pads, converts and rounds", arguments: OneDNNTests.precisions)
    func load(_ precision: Precision) throws {
      let pair = try Pair(precision)
      let shape = ActivationShape(images: 2, height: 9, width: 14, channels: 3)
      let pixels = randomValues(shape.count, stream: 1, .float32)
      for padding in [0, 1, 99] {
        let count = 2 * (9 + 2 * padding) * (14 + 2 * padding) * 3
        let both = try pair.results([Float](repeating: .nan, count: count)) {
          $0.load(pixels, shape: shape, padding: padding, into: $1)
        }
        #expect(both.fast == both.portable)
      }
    }

    @Test("relu backward, scale and add", arguments: OneDNNTests.precisions)
    func loops(_ precision: Precision) throws {
      let pair = try Pair(precision)
      let count = 70_001
      let values = randomValues(count, stream: 1, precision)
      let other = randomValues(count, stream: 2, precision)
      for factor: Float in [1, 2, 0.01] {
        #expect(
          try pair.isEqual(values) { backend, memory in
            let output = try Activation(other, backend.activationType)
            backend.reluBackward(output: output.base, gradient: memory, count: count, scale: factor)
          })
      }
      #expect(try pair.isEqual(values) { $0.scale($1, by: 0.3, into: $1, count: count) })
      #expect(
        try pair.isEqual(values) { backend, memory in
          let source = try Activation(other, backend.activationType)
          backend.add(source.base, to: memory, count: count)
        })
    }

    @Test("dropout drops the same elements", arguments: OneDNNTests.precisions)
    func dropout(_ precision: Precision) throws {
      let pair = try Pair(precision, threads: 3)
      for count in [1, 63, 64, 65, 100_003] {
        let values = [Float](repeating: 1, count: 2 * count)
        let both = try pair.results(values) {
          $0.dropout($1, countPerImage: count, rate: 0.5, keys: [77, 0xFFFF_FFFF_0000_0001])
        }
        #expect(both.fast == both.portable)
        if count > 1000 {
          let kept = both.fast.filter { $0 != 0 }
          #expect(kept.allSatisfy { $0 == 2 })
          // 4 standard deviations of a fair coin thrown 200,006 times
          #expect(abs(Double(kept.count) - Double(count)) < 4 * 224)
          #expect(both.fast[..<count] != both.fast[count...])
        }
      }
    }

    @Test("crop, accumulating crop and cropBackward", arguments: OneDNNTests.precisions)
    func crop(_ precision: Precision) throws {
      let pair = try Pair(precision)
      let shape = Self.shape
      let source = randomValues(shape.count, stream: 1, precision)
      let cropped = ActivationShape(images: 2, height: 20, width: 31, channels: 21)
      let destination = randomValues(cropped.count, stream: 2, precision)
      for accumulating in [false, true] {
        #expect(
          try pair.isEqual(destination) { backend, memory in
            let source = try Activation(source, backend.activationType)
            backend.crop(
              source.base, shape: shape, offset: 9, height: 20, width: 31, into: memory, accumulating: accumulating)
          })
      }
      let both = try pair.results([Float](repeating: .nan, count: shape.count)) { backend, memory in
        let gradient = try Activation(destination, backend.activationType)
        backend.cropBackward(gradient.base, height: 20, width: 31, offset: 9, into: memory, shape: shape)
      }
      #expect(both.fast == both.portable)
    }

    @Test("max-pooling takes the same maxima, and gives gradients to the first", arguments: OneDNNTests.precisions)
    func maxPool(_ precision: Precision) throws {
      let pair = try Pair(precision)
      for (height, width, channels) in [(8, 6, 64), (9, 7, 20), (1, 1, 3), (1, 5, 33), (6, 1, 16)] {
        let shape = ActivationShape(images: 2, height: height, width: width, channels: channels)
        // Coarse values, so that windows have equal maxima.
        let source = randomValues(shape.count, stream: 1, precision).map { ($0 * 3).rounded() }
        let pooled = try pair.fast.maxPool(source: shape, purpose: .training).destination
        let gradient = randomValues(pooled.count, stream: 2, precision)
        var sourceGradients: [[Float]] = []
        let both = try pair.results([Float](repeating: .nan, count: pooled.count)) { backend, memory in
          let operation = try backend.maxPool(source: shape, purpose: .training)
          let workspace = try GuardedMemory(byteCount: operation.workspaceByteCount)
          let input = try Activation(source, backend.activationType)
          operation.forward(input.base, into: memory, workspace: workspace.base)
          let incoming = try Activation(gradient, backend.activationType)
          let outgoing = try Activation([Float](repeating: .nan, count: shape.count), backend.activationType)
          operation.backward(incoming.base, workspace: workspace.base, into: outgoing.base)
          sourceGradients.append(outgoing.values)
        }
        #expect(both.fast == both.portable)
        #expect(sourceGradients[0] == sourceGradients[1])
      }
    }
  }

  @Suite struct Loss {
    /// The two backends' exponentials agree to 2e-7 each, and gradients are rounded once to the activation type.
    @Test("softmax cross-entropy agrees with the portable backend", arguments: OneDNNTests.precisions)
    func agrees(_ precision: Precision) throws {
      let pair = try Pair(precision)
      for classes in [2, 11, 21, 300] {
        let shape = ActivationShape(images: 2, height: 7, width: 29, channels: classes)
        let logits = randomValues(shape.count, stream: 1, .float32).map { $0 * 20 }
        var generator = Philox(seed: 5, purpose: .test, stream: 9)
        let labels = (0..<shape.pixelCount).map { _ in
          generator.next(below: 5) == 0 ? 255 : UInt16(generator.next(below: UInt32(classes)))
        }
        let weights = randomValues(classes, stream: 3, .float32).map { abs($0) + 0.1 }
        for smoothing: Float in [0, 0.1] {
          var outcomes: [LossOutcome] = []
          let both = try pair.results([Float](repeating: .nan, count: shape.count)) { backend, memory in
            outcomes.append(
              backend.softmaxCrossEntropy(
                logits: logits, labels: labels, shape: shape, classWeights: weights, ignoreLabel: 255,
                labelSmoothing: smoothing, scale: 0.25, gradient: memory))
          }
          #expect(abs(outcomes[0].weightedLoss / outcomes[1].weightedLoss - 1) < 1e-6)
          #expect(outcomes[0].weight == outcomes[1].weight)
          let allowed: Float = precision == .bfloat16 ? 0x1p-8 : 1e-6
          let worst = zip(both.fast, both.portable).map { abs($0 - $1) - allowed * abs($1) }.max() ?? .nan
          #expect(worst < 1e-7)
        }
      }
    }

    @Test("the mean over positions and its adjoint agree with the portable backend", arguments: OneDNNTests.precisions)
    func positionMeans(_ precision: Precision) throws {
      let pair = try Pair(precision)
      let shape = ActivationShape(images: 3, height: 4, width: 7, channels: 5)
      let small = ActivationShape(images: 3, height: 1, width: 1, channels: 5)
      let source = randomValues(shape.count, stream: 1, precision)
      var means: [[Float]] = []
      _ = try pair.results(source) { backend, memory in
        var mean = [Float](repeating: .nan, count: small.count)
        backend.globalAveragePool(memory, shape: shape, into: &mean)
        means.append(mean)
      }
      #expect(means[0] == means[1])
      for image in 0..<3 {
        for channel in 0..<5 {
          let sum = (0..<28).reduce(0.0) { $0 + Double(source[(image * 28 + $1) * 5 + channel]) }
          #expect(abs(Double(means[0][image * 5 + channel]) - sum / 28) < 1e-6)
        }
      }
      let gradient = randomValues(small.count, stream: 2, precision)
      let both = try pair.results(gradient + [Float](repeating: .nan, count: shape.count)) { backend, memory in
        backend.globalAveragePoolBackward(
          memory, into: memory + small.count * backend.activationType.byteCount, shape: shape)
      }
      #expect(both.fast == both.portable)
      for (place, value) in both.fast.dropFirst(small.count).enumerated() {
        let expected = gradient[place / (28 * 5) * 5 + place % 5] / 28
        #expect(abs(value - expected) <= abs(expected) * (precision == .bfloat16 ? 0x1p-8 : 1e-6))
      }
    }

    @Test("the loss has the same bits for any number of threads, and without its gradient")
    func isDeterministic() throws {
      let shape = ActivationShape(images: 1, height: 40, width: 33, channels: 11)
      let logits = randomValues(shape.count, stream: 1, .float32)
      let labels = (0..<shape.pixelCount).map { UInt16($0 % 11) }
      let weights = [Float](repeating: 0.7, count: 11)
      let outcomes = try [1, 2, 3].flatMap { threads in
        let precision = OneDNNTests.precisions.last ?? .float32
        let backend = try OneDNNBackend.make(precision: precision, threads: threads)
        let gradient = try Activation([Float](repeating: 0, count: shape.count), backend.activationType)
        return [gradient.base, nil].map {
          backend.softmaxCrossEntropy(
            logits: logits, labels: labels, shape: shape, classWeights: weights, ignoreLabel: 255, scale: 1,
            gradient: $0)
        }
      }
      #expect(outcomes.allSatisfy { $0 == outcomes[0] })
    }

    @Test("a logit that is not a number makes the loss not a number")
    func showsNaN() throws {
      let backend = try OneDNNBackend.make(precision: .float32, threads: 1)
      let shape = ActivationShape(images: 1, height: 1, width: 20, channels: 3)
      for place in [0, 1, 30, 59] {
        var logits = randomValues(shape.count, stream: 1, .float32)
        logits[place] = .nan
        let outcome = backend.softmaxCrossEntropy(
          logits: logits, labels: [UInt16](repeating: 1, count: 20), shape: shape, classWeights: [1, 1, 1],
          ignoreLabel: 255, scale: 1, gradient: nil)
        #expect(outcome.weightedLoss.isNaN)
      }
    }

    @Test("argmax takes the first of equals")
    func argmax() throws {
      let backend = try OneDNNBackend.make(precision: .float32, threads: 2)
      let shape = ActivationShape(images: 1, height: 1, width: 3, channels: 4)
      var classes = [UInt16](repeating: 9, count: 3)
      backend.argmax([1, 3, 3, 2, 0, 0, 0, 0, -4, -3, -2, -1], shape: shape, into: &classes)
      #expect(classes == [1, 0, 3])
    }
  }
}
