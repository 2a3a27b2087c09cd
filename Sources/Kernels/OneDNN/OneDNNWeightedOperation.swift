import Basics
import COneDNN

/// Bytes past what the library asks for: its kernels have been seen to reach a little beyond their scratch memory.
let scratchSlack = 64 << 10

/// One way to compute the gradient of a product's source.
protocol SourceGradient {
  var scratchByteCount: Int { get }
  var implementation: String { get }
  func run(
    _ gradient: UnsafeRawPointer, weights: UnsafeRawPointer, into sourceGradient: UnsafeMutableRawPointer,
    scratch: UnsafeMutableRawPointer)
}

/// One way to compute the gradient of a product's weights (and bias).
protocol WeightGradient {
  var scratchByteCount: Int { get }
  var implementation: String { get }
  func run(
    _ source: UnsafeRawPointer, _ gradient: UnsafeRawPointer, into weightGradient: UnsafeMutablePointer<Float>,
    biasGradient: UnsafeMutablePointer<Float>?, scratch: UnsafeMutableRawPointer)
}

/// A convolution or deconvolution for one source shape: the library's forward pass, and for each gradient whichever
/// way is fastest.
final class OneDNNWeightedOperation: WeightedOperation {
  let source: ActivationShape
  let destination: ActivationShape
  let scratchByteCount: Int
  private let layout: OneDNNWeightLayout
  private let forward: OneDNNPinnedPrimitive
  private let sourceGradient: (any SourceGradient)?
  private let weightGradient: (any WeightGradient)?

  init(
    _ shape: conednn_convolution, layout: OneDNNWeightLayout, purpose: OperationPurpose, threads: Int
  ) throws {
    source = shape.source
    destination = shape.destination
    self.layout = layout
    forward = try OneDNNPinnedPrimitive(
      shape, .forward, fixed: layout.forward.arrangement.libraryDescriptor(), threads: threads)
    sourceGradient = purpose == .training ? try layout.form.sourceGradient(shape, layout, threads: threads) : nil
    weightGradient = purpose == .inference ? nil : try layout.form.weightGradient(shape, layout, threads: threads)
    scratchByteCount =
      max(forward.scratchByteCount, sourceGradient?.scratchByteCount ?? 0, weightGradient?.scratchByteCount ?? 0)
      + scratchSlack
  }

  var implementation: String {
    [forward.implementation, sourceGradient?.implementation, weightGradient?.implementation].compactMap { $0 }
      .joined(separator: " | ")
  }

  func forward(
    _ source: UnsafeRawPointer, _ weights: LayerWeights, into destination: UnsafeMutableRawPointer,
    scratch: UnsafeMutableRawPointer
  ) {
    forward.run(
      source: source, weights: layout.forward.pointer(weights), bias: weights.bias, destination: destination,
      scratch: scratch)
  }

  func backwardData(
    _ gradient: UnsafeRawPointer, _ weights: LayerWeights, into sourceGradient: UnsafeMutableRawPointer,
    scratch: UnsafeMutableRawPointer
  ) {
    guard let way = self.sourceGradient else { preconditionFailure("an operation made without source gradients") }
    way.run(gradient, weights: layout.backwardData.pointer(weights), into: sourceGradient, scratch: scratch)
  }

  func backwardWeights(
    _ source: UnsafeRawPointer, _ gradient: UnsafeRawPointer, into weightGradient: UnsafeMutablePointer<Float>,
    biasGradient: UnsafeMutablePointer<Float>?, scratch: UnsafeMutableRawPointer
  ) {
    guard let way = self.weightGradient else { preconditionFailure("an operation made for inference") }
    way.run(source, gradient, into: weightGradient, biasGradient: biasGradient, scratch: scratch)
  }
}
