import Basics

/// Another backend with every buffer that its operations read or write in guarded memory: a debug mode
/// (FCN_DIST_GUARD=1) in which an access beyond a buffer ends the process. Slow: all of it is copied there and back.
package final class GuardedBackend: Backend {
  let inner: any Backend

  package init(_ inner: any Backend) { self.inner = inner }

  package var name: String { inner.name }
  package var summary: String { inner.summary + ", guarded" }
  package var version: String { inner.version }
  package var instructionSet: String { inner.instructionSet }
  package var fingerprint: String { inner.fingerprint }
  package var precision: Precision { inner.precision }
  package var activationType: ElementType { inner.activationType }
  package var threadCount: Int { inner.threadCount }

  package func layout(of convolution: Convolution, reference: ActivationShape) throws -> any WeightLayout {
    GuardedWeightLayout(try inner.layout(of: convolution, reference: reference))
  }

  package func layout(of deconvolution: Deconvolution, reference: ActivationShape) throws -> any WeightLayout {
    GuardedWeightLayout(try inner.layout(of: deconvolution, reference: reference))
  }

  package func operation(
    for convolution: Convolution, source: ActivationShape, layout: any WeightLayout, purpose: OperationPurpose
  ) throws -> any WeightedOperation {
    let layout = Self.guarded(layout)
    return GuardedOperation(
      try inner.operation(for: convolution, source: source, layout: layout.inner, purpose: purpose), layout: layout,
      sourceType: activationType, destinationType: activationType,
      biasCount: convolution.hasBias ? convolution.outputChannels : 0)
  }

  package func operation(
    for deconvolution: Deconvolution, source: ActivationShape, layout: any WeightLayout, purpose: OperationPurpose
  ) throws -> any WeightedOperation {
    let layout = Self.guarded(layout)
    return GuardedOperation(
      try inner.operation(for: deconvolution, source: source, layout: layout.inner, purpose: purpose), layout: layout,
      sourceType: activationType, destinationType: deconvolution.floatDestination ? .float32 : activationType,
      biasCount: 0)
  }

  private static func guarded(_ layout: any WeightLayout) -> GuardedWeightLayout {
    guard let layout = layout as? GuardedWeightLayout else { preconditionFailure("a layout of another backend") }
    return layout
  }

  package func maxPool(
    _ window: MaxPoolWindow, source: ActivationShape, purpose: OperationPurpose
  ) throws -> any MaxPoolOperation {
    GuardedMaxPool(try inner.maxPool(window, source: source, purpose: purpose), type: activationType)
  }

  package func addRectified(_ source: UnsafeRawPointer, to destination: UnsafeMutableRawPointer, count: Int) {
    Guard.run([.input(source, byteCount(count)), .changed(destination, byteCount(count))]) {
      inner.addRectified($0[0], to: $0[1], count: count)
    }
  }

  package func load(
    _ pixels: UnsafePointer<Float>, shape: ActivationShape, padding: Int, into destination: UnsafeMutableRawPointer
  ) {
    let padded = ActivationShape(
      images: shape.images, height: shape.height + 2 * padding, width: shape.width + 2 * padding,
      channels: shape.channels)
    Guard.run([.input(pixels, 4 * shape.count), .output(destination, byteCount(padded.count))]) {
      inner.load($0[0].assumingMemoryBound(to: Float.self), shape: shape, padding: padding, into: $0[1])
    }
  }

  package func reluBackward(
    output: UnsafeRawPointer, gradient: UnsafeMutableRawPointer, count: Int, scale: Float
  ) {
    Guard.run([.input(output, byteCount(count)), .changed(gradient, byteCount(count))]) {
      inner.reluBackward(output: $0[0], gradient: $0[1], count: count, scale: scale)
    }
  }

  package func dropout(_ activation: UnsafeMutableRawPointer, countPerImage: Int, rate: Float, keys: [UInt64]) {
    Guard.run([.changed(activation, byteCount(keys.count * countPerImage))]) {
      inner.dropout($0[0], countPerImage: countPerImage, rate: rate, keys: keys)
    }
  }

  package func scale(
    _ source: UnsafeRawPointer, by factor: Float, into destination: UnsafeMutableRawPointer, count: Int
  ) {
    Guard.run([.input(source, byteCount(count)), .output(destination, byteCount(count))]) {
      inner.scale($0[0], by: factor, into: $0[1], count: count)
    }
  }

  package func add(_ source: UnsafeRawPointer, to destination: UnsafeMutableRawPointer, count: Int) {
    Guard.run([.input(source, byteCount(count)), .changed(destination, byteCount(count))]) {
      inner.add($0[0], to: $0[1], count: count)
    }
  }

  package func crop(
    _ source: UnsafeRawPointer, shape: ActivationShape, offset: Int, height: Int, width: Int,
    into destination: UnsafeMutableRawPointer, accumulating: Bool
  ) {
    let size = byteCount(shape.images * height * width * shape.channels)
    Guard.run([.input(source, byteCount(shape.count)), .changed(destination, size)]) {
      inner.crop(
        $0[0], shape: shape, offset: offset, height: height, width: width, into: $0[1], accumulating: accumulating)
    }
  }

  package func cropBackward(
    _ gradient: UnsafeRawPointer, height: Int, width: Int, offset: Int, into destination: UnsafeMutableRawPointer,
    shape: ActivationShape
  ) {
    let size = byteCount(shape.images * height * width * shape.channels)
    Guard.run([.input(gradient, size), .output(destination, byteCount(shape.count))]) {
      inner.cropBackward($0[0], height: height, width: width, offset: offset, into: $0[1], shape: shape)
    }
  }

  package func globalAveragePool(
    _ source: UnsafeRawPointer, shape: ActivationShape, into destination: UnsafeMutablePointer<Float>
  ) {
    Guard.run([
      .input(source, byteCount(shape.count)), .output(destination, 4 * shape.images * shape.channels),
    ]) { inner.globalAveragePool($0[0], shape: shape, into: $0[1].assumingMemoryBound(to: Float.self)) }
  }

  package func globalAveragePoolBackward(
    _ gradient: UnsafeRawPointer, into destination: UnsafeMutableRawPointer, shape: ActivationShape
  ) {
    Guard.run([
      .input(gradient, byteCount(shape.images * shape.channels)), .output(destination, byteCount(shape.count)),
    ]) { inner.globalAveragePoolBackward($0[0], into: $0[1], shape: shape) }
  }

  package func softmaxCrossEntropy(
    logits: UnsafePointer<Float>, labels: UnsafePointer<UInt16>, shape: ActivationShape, classWeights: [Float],
    ignoreLabel: UInt16, labelSmoothing: Float, scale: Float, gradient: UnsafeMutableRawPointer?
  ) -> LossOutcome {
    var parts: [Guard.Part] = [.input(logits, 4 * shape.count), .input(labels, 2 * shape.pixelCount)]
    if let gradient { parts.append(.output(gradient, byteCount(shape.count))) }
    return Guard.run(parts) {
      inner.softmaxCrossEntropy(
        logits: $0[0].assumingMemoryBound(to: Float.self), labels: $0[1].assumingMemoryBound(to: UInt16.self),
        shape: shape, classWeights: classWeights, ignoreLabel: ignoreLabel,
        labelSmoothing: labelSmoothing, scale: scale,
        gradient: gradient == nil ? nil : $0[2])
    }
  }

  package func argmax(
    _ logits: UnsafePointer<Float>, shape: ActivationShape, into classes: UnsafeMutablePointer<UInt16>
  ) {
    Guard.run([.input(logits, 4 * shape.count), .output(classes, 2 * shape.pixelCount)]) {
      inner.argmax(
        $0[0].assumingMemoryBound(to: Float.self), shape: shape, into: $0[1].assumingMemoryBound(to: UInt16.self))
    }
  }

  private func byteCount(_ count: Int) -> Int { count * activationType.byteCount }
}
