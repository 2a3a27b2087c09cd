import Basics

final class PortableConvolution: WeightedOperation {
  let source: ActivationShape
  let destination: ActivationShape
  private let convolution: Convolution
  private let layout: PanelWeightLayout
  private let forwardProduct: ImplicitGEMM
  private let backwardProduct: ImplicitGEMM?
  private let weightProduct: CorrelationProduct?
  private let rounds: Bool

  init(
    _ convolution: Convolution, source: ActivationShape, layout: PanelWeightLayout, purpose: OperationPurpose,
    pool: WorkerPool
  ) throws {
    self.source = source
    self.convolution = convolution
    self.layout = layout
    rounds = layout.precision == .bfloat16
    let destination = convolution.destination(of: source)
    self.destination = destination
    let (kernel, padding) = (convolution.kernel, convolution.padding)
    func taps(_ position: (Int) -> Int) -> [GatherGrid.Tap] {
      (0..<kernel * kernel).map {
        GatherGrid.Tap(row: position($0 / kernel), column: position($0 % kernel), slab: $0)
      }
    }
    forwardProduct = try ImplicitGEMM(
      source: source, destination: destination,
      grids: [GatherGrid(rows: destination.height, columns: destination.width, taps: taps { $0 - padding })],
      slabsPerPanel: kernel * kernel, pool: pool)
    backwardProduct =
      purpose != .training
      ? nil
      : try ImplicitGEMM(
        source: destination, destination: source,
        grids: [GatherGrid(rows: source.height, columns: source.width, taps: taps { padding - $0 })],
        slabsPerPanel: kernel * kernel, pool: pool)
    weightProduct =
      purpose == .inference
      ? nil
      : CorrelationProduct(
        anchor: destination, sliding: source, kernel: kernel, step: 1, offset: padding, slidingGivesRows: true,
        pool: pool)
  }

  var scratchByteCount: Int {
    max(
      forwardProduct.scratchByteCount, backwardProduct?.scratchByteCount ?? 0, weightProduct?.scratchByteCount ?? 0)
  }
  var implementation: String { "portable:gather" }

  func forward(
    _ source: UnsafeRawPointer, _ weights: LayerWeights, into destination: UnsafeMutableRawPointer,
    scratch: UnsafeMutableRawPointer
  ) {
    forwardProduct.run(
      source.assumingMemoryBound(to: Float.self), panels: layout.forwardPanels(weights),
      into: destination.assumingMemoryBound(to: Float.self),
      output: GatherOutput(
        bias: weights.bias, isAccumulating: convolution.accumulating, isRectified: convolution.rectified,
        isRounded: rounds), scratch: scratch)
  }

  func backwardData(
    _ gradient: UnsafeRawPointer, _ weights: LayerWeights, into sourceGradient: UnsafeMutableRawPointer,
    scratch: UnsafeMutableRawPointer
  ) {
    guard let backwardProduct else { preconditionFailure("backwardData of an operation made without it") }
    backwardProduct.run(
      gradient.assumingMemoryBound(to: Float.self), panels: layout.backwardPanels(weights),
      into: sourceGradient.assumingMemoryBound(to: Float.self), output: GatherOutput(isRounded: rounds),
      scratch: scratch)
  }

  func backwardWeights(
    _ source: UnsafeRawPointer, _ gradient: UnsafeRawPointer, into weightGradient: UnsafeMutablePointer<Float>,
    biasGradient: UnsafeMutablePointer<Float>?, scratch: UnsafeMutableRawPointer
  ) {
    guard let weightProduct else { preconditionFailure("backwardWeights of an operation made for inference") }
    weightProduct.run(
      anchor: gradient.assumingMemoryBound(to: Float.self), sliding: source.assumingMemoryBound(to: Float.self),
      into: weightGradient, laneSums: biasGradient, scratch: scratch)
  }
}
