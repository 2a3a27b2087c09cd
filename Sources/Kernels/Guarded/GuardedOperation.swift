import Basics

/// A layout whose conversions see guarded memory only.
final class GuardedWeightLayout: WeightLayout {
  let inner: any WeightLayout

  init(_ inner: any WeightLayout) { self.inner = inner }

  var canonicalCount: Int { inner.canonicalCount }
  var count: Int { inner.count }
  var preparedByteCount: Int { inner.preparedByteCount }
  var readsBFloat16Only: Bool { inner.readsBFloat16Only }
  var fingerprint: String { inner.fingerprint }
  var preparationPieces: Int { inner.preparationPieces }
  var preparationScratchByteCount: Int { inner.preparationScratchByteCount }

  /// Not guarded: threads and ranks write different rows of the same memory at the same time.
  func importRows(_ rows: Range<Int>, _ canonical: UnsafePointer<Float>, into weights: UnsafeMutablePointer<Float>) {
    inner.importRows(rows, canonical, into: weights)
  }

  func importCanonical(_ canonical: UnsafePointer<Float>, into weights: UnsafeMutablePointer<Float>) {
    Guard.run([.input(canonical, 4 * canonicalCount), .output(weights, 4 * count)]) {
      inner.importCanonical($0[0].assumingMemoryBound(to: Float.self), into: $0[1].assumingMemoryBound(to: Float.self))
    }
  }

  func exportCanonical(_ weights: UnsafePointer<Float>, into canonical: UnsafeMutablePointer<Float>) {
    Guard.run([.input(weights, 4 * count), .output(canonical, 4 * canonicalCount)]) {
      inner.exportCanonical($0[0].assumingMemoryBound(to: Float.self), into: $0[1].assumingMemoryBound(to: Float.self))
    }
  }

  /// Only the weights are guarded: ranks of a machine write different pieces of the copies at the same time.
  func prepare(
    _ weights: UnsafePointer<Float>, into prepared: UnsafeMutableRawPointer, pieces: Range<Int>,
    scratch: UnsafeMutableRawPointer
  ) {
    Guard.run([.input(weights, 4 * count), .scratch(preparationScratchByteCount)]) {
      inner.prepare($0[0].assumingMemoryBound(to: Float.self), into: prepared, pieces: pieces, scratch: $0[1])
    }
  }

  func outputs(ofPieces pieces: Range<Int>) -> Range<Int> { inner.outputs(ofPieces: pieces) }

  /// Only the weights that are read are guarded: ranks of a machine scale different outputs at the same time.
  func scale(
    _ weights: UnsafePointer<Float>, by factors: UnsafePointer<Float>, outputs: Range<Int>,
    into result: UnsafeMutablePointer<Float>
  ) {
    guard UnsafePointer(result) != weights else {
      Guard.run([.changed(result, 4 * count), .input(factors, 4 * outputs.upperBound)]) {
        let values = $0[0].assumingMemoryBound(to: Float.self)
        inner.scale(values, by: $0[1].assumingMemoryBound(to: Float.self), outputs: outputs, into: values)
      }
      return
    }
    Guard.run([.input(weights, 4 * count), .input(factors, 4 * outputs.upperBound)]) {
      inner.scale(
        $0[0].assumingMemoryBound(to: Float.self), by: $0[1].assumingMemoryBound(to: Float.self), outputs: outputs,
        into: result)
    }
  }
}

/// A (de)convolution on guarded copies of its activations, weights, gradients and scratch memory.
final class GuardedOperation: WeightedOperation {
  private let inner: any WeightedOperation
  private let layout: GuardedWeightLayout
  private let sourceByteCount: Int
  private let destinationByteCount: Int
  private let gradientByteCount: Int
  private let biasCount: Int

  init(
    _ inner: any WeightedOperation, layout: GuardedWeightLayout, sourceType: ElementType,
    destinationType: ElementType, biasCount: Int
  ) {
    self.inner = inner
    self.layout = layout
    self.biasCount = biasCount
    sourceByteCount = inner.source.count * sourceType.byteCount
    destinationByteCount = inner.destination.count * destinationType.byteCount
    // The gradient of float32 logits comes back in the activations' type.
    gradientByteCount = inner.destination.count * sourceType.byteCount
  }

  var source: ActivationShape { inner.source }
  var destination: ActivationShape { inner.destination }
  var scratchByteCount: Int { inner.scratchByteCount }
  var implementation: String { inner.implementation }

  func forward(
    _ source: UnsafeRawPointer, _ weights: LayerWeights, into destination: UnsafeMutableRawPointer,
    scratch: UnsafeMutableRawPointer
  ) {
    // A destination may be added to, so it goes in as well.
    let parts: [Guard.Part] = [.input(source, sourceByteCount), .changed(destination, destinationByteCount)]
    run(parts, weights) { inner.forward($0[0], $1, into: $0[1], scratch: $2) }
  }

  func backwardData(
    _ gradient: UnsafeRawPointer, _ weights: LayerWeights, into sourceGradient: UnsafeMutableRawPointer,
    scratch: UnsafeMutableRawPointer
  ) {
    let parts: [Guard.Part] = [.input(gradient, gradientByteCount), .output(sourceGradient, sourceByteCount)]
    run(parts, weights) { inner.backwardData($0[0], $1, into: $0[1], scratch: $2) }
  }

  func backwardWeights(
    _ source: UnsafeRawPointer, _ gradient: UnsafeRawPointer, into weightGradient: UnsafeMutablePointer<Float>,
    biasGradient: UnsafeMutablePointer<Float>?, scratch: UnsafeMutableRawPointer
  ) {
    var parts: [Guard.Part] = [
      .input(source, sourceByteCount), .input(gradient, gradientByteCount), .scratch(scratchByteCount),
      .output(weightGradient, 4 * layout.count),
    ]
    if let biasGradient { parts.append(.output(biasGradient, 4 * biasCount)) }
    Guard.run(parts) {
      inner.backwardWeights(
        $0[0], $0[1], into: $0[3].assumingMemoryBound(to: Float.self),
        biasGradient: biasGradient == nil ? nil : $0[4].assumingMemoryBound(to: Float.self), scratch: $0[2])
    }
  }

  private func run(
    _ parts: [Guard.Part], _ weights: LayerWeights,
    _ body: ([UnsafeMutableRawPointer], LayerWeights, UnsafeMutableRawPointer) -> Void
  ) {
    var all: [Guard.Part] = [
      .scratch(scratchByteCount), .input(weights.master, 4 * layout.count),
      .input(weights.prepared, layout.preparedByteCount),
    ]
    if let bias = weights.bias { all.append(.input(bias, 4 * biasCount)) }
    let own = all.count
    Guard.run(all + parts) {
      var copies = weights
      copies.master = UnsafePointer($0[1].assumingMemoryBound(to: Float.self))
      copies.prepared = UnsafeRawPointer($0[2])
      if weights.bias != nil { copies.bias = UnsafePointer($0[3].assumingMemoryBound(to: Float.self)) }
      body(Array($0[own...]), copies, $0[0])
    }
  }
}

final class GuardedMaxPool: MaxPoolOperation {
  private let inner: any MaxPoolOperation
  private let type: ElementType

  init(_ inner: any MaxPoolOperation, type: ElementType) {
    self.inner = inner
    self.type = type
  }

  var source: ActivationShape { inner.source }
  var destination: ActivationShape { inner.destination }
  var workspaceByteCount: Int { inner.workspaceByteCount }
  private var sourceByteCount: Int { source.count * type.byteCount }
  private var destinationByteCount: Int { destination.count * type.byteCount }

  func forward(
    _ source: UnsafeRawPointer, into destination: UnsafeMutableRawPointer, workspace: UnsafeMutableRawPointer
  ) {
    Guard.run([
      .input(source, sourceByteCount), .output(destination, destinationByteCount),
      .output(workspace, workspaceByteCount),
    ]) { inner.forward($0[0], into: $0[1], workspace: $0[2]) }
  }

  func backward(
    _ gradient: UnsafeRawPointer, workspace: UnsafeMutableRawPointer, into sourceGradient: UnsafeMutableRawPointer
  ) {
    Guard.run([
      .input(gradient, destinationByteCount), .input(workspace, workspaceByteCount),
      .output(sourceGradient, sourceByteCount),
    ]) { inner.backward($0[0], workspace: $0[1], into: $0[2]) }
  }
}
