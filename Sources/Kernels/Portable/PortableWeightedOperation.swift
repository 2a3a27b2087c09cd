import Basics

/// A convolution or a transposed one as gathered products: the two differ in which pixels a product gathers, and in what
/// happens to the sums.
final class PortableWeightedOperation: WeightedOperation {
  let source: ActivationShape
  let destination: ActivationShape
  private let layout: PanelWeightLayout
  private let products: Products
  /// What happens to the forward pass's sums, but for the bias.
  private let output: GatherOutput
  private let rounds: Bool

  /// The products of each direction; nil where the operation's purpose does not need them.
  struct Products {
    let forward: ImplicitGEMM
    let sourceGradient: ImplicitGEMM?
    let weightGradient: CorrelationProduct?
    /// The weight gradient's fixed pixels are the destination's (a convolution) or the source's (a transposed one).
    let isAnchoredAtDestination: Bool
  }

  init(
    source: ActivationShape, destination: ActivationShape, layout: PanelWeightLayout, products: Products,
    output: GatherOutput
  ) {
    self.source = source
    self.destination = destination
    self.layout = layout
    self.products = products
    self.output = output
    rounds = layout.precision == .bfloat16
  }

  var scratchByteCount: Int {
    max(
      products.forward.scratchByteCount, products.sourceGradient?.scratchByteCount ?? 0,
      products.weightGradient?.scratchByteCount ?? 0)
  }
  var implementation: String { "portable:gather" }

  func forward(
    _ source: UnsafeRawPointer, _ weights: LayerWeights, into destination: UnsafeMutableRawPointer,
    scratch: UnsafeMutableRawPointer
  ) {
    var output = output
    output.bias = weights.bias
    products.forward.run(
      source.assumingMemoryBound(to: Float.self), panels: layout.forwardPanels(weights),
      into: destination.assumingMemoryBound(to: Float.self), output: output, scratch: scratch)
  }

  func backwardData(
    _ gradient: UnsafeRawPointer, _ weights: LayerWeights, into sourceGradient: UnsafeMutableRawPointer,
    scratch: UnsafeMutableRawPointer
  ) {
    guard let product = products.sourceGradient else {
      preconditionFailure("backwardData of an operation made without it")
    }
    product.run(
      gradient.assumingMemoryBound(to: Float.self), panels: layout.backwardPanels(weights),
      into: sourceGradient.assumingMemoryBound(to: Float.self), output: GatherOutput(isRounded: rounds),
      scratch: scratch)
  }

  func backwardWeights(
    _ source: UnsafeRawPointer, _ gradient: UnsafeRawPointer, into weightGradient: UnsafeMutablePointer<Float>,
    biasGradient: UnsafeMutablePointer<Float>?, scratch: UnsafeMutableRawPointer
  ) {
    guard let product = products.weightGradient else {
      preconditionFailure("backwardWeights of an operation made for inference")
    }
    let (anchor, sliding) = products.isAnchoredAtDestination ? (gradient, source) : (source, gradient)
    product.run(
      anchor: anchor.assumingMemoryBound(to: Float.self), sliding: sliding.assumingMemoryBound(to: Float.self),
      into: weightGradient, laneSums: biasGradient, scratch: scratch)
  }
}
