import Basics

/// A transposed convolution. Destination rows and columns fall into `stride` phases; within a phase every pixel reads
/// the same taps, so each pair of phases is one gathered product.
final class PortableDeconvolution: WeightedOperation {
  let source: ActivationShape
  let destination: ActivationShape
  private let layout: PanelWeightLayout
  private let forwardProduct: ImplicitGEMM
  private let backwardProduct: ImplicitGEMM?
  private let weightProduct: CorrelationProduct?
  private let rounds: Bool
  private let roundsDestination: Bool

  init(
    _ deconvolution: Deconvolution, source: ActivationShape, layout: PanelWeightLayout, purpose: OperationPurpose,
    pool: WorkerPool
  ) throws {
    self.source = source
    self.layout = layout
    rounds = layout.precision == .bfloat16
    roundsDestination = rounds && !deconvolution.floatDestination
    let destination = ActivationShape(
      images: source.images, height: deconvolution.height, width: deconvolution.width,
      channels: deconvolution.outputChannels)
    self.destination = destination
    let (kernel, stride, offset) = (deconvolution.kernel, deconvolution.stride, deconvolution.offset)
    forwardProduct = try ImplicitGEMM(
      source: source, destination: destination, grids: Self.phases(of: deconvolution), slabsPerPanel: kernel * kernel,
      pool: pool)
    backwardProduct =
      purpose != .training
      ? nil
      : try ImplicitGEMM(
        source: destination, destination: source,
        grids: [
          GatherGrid(
            rows: source.height, columns: source.width, sourceStep: stride,
            taps: (0..<kernel * kernel).map {
              GatherGrid.Tap(row: $0 / kernel - offset, column: $0 % kernel - offset, slab: $0)
            })
        ], slabsPerPanel: kernel * kernel, pool: pool)
    weightProduct =
      purpose == .inference
      ? nil
      : CorrelationProduct(
        anchor: source, sliding: destination, kernel: kernel, step: stride, offset: offset, slidingGivesRows: false,
        pool: pool)
  }

  private static func phases(of deconvolution: Deconvolution) -> [GatherGrid] {
    let (kernel, stride) = (deconvolution.kernel, deconvolution.stride)
    var grids: [GatherGrid] = []
    for y in 0..<min(stride, deconvolution.height) {
      for x in 0..<min(stride, deconvolution.width) {
        // Row y of the destination is row y + offset of the full result, which source row r reaches through kernel
        // row (y + offset) - r * stride.
        let (sourceRow, phaseY) = (y + deconvolution.offset).quotientAndRemainder(dividingBy: stride)
        let (sourceColumn, phaseX) = (x + deconvolution.offset).quotientAndRemainder(dividingBy: stride)
        var taps: [GatherGrid.Tap] = []
        for ky in Swift.stride(from: phaseY, to: kernel, by: stride) {
          for kx in Swift.stride(from: phaseX, to: kernel, by: stride) {
            taps.append(
              GatherGrid.Tap(
                row: sourceRow - ky / stride, column: sourceColumn - kx / stride, slab: ky * kernel + kx))
          }
        }
        grids.append(
          GatherGrid(
            rows: (deconvolution.height - y + stride - 1) / stride,
            columns: (deconvolution.width - x + stride - 1) / stride, firstRow: y, firstColumn: x,
            destinationStep: stride, taps: taps))
      }
    }
    return grids
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
      into: destination.assumingMemoryBound(to: Float.self), output: GatherOutput(isRounded: roundsDestination),
      scratch: scratch)
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
      anchor: source.assumingMemoryBound(to: Float.self), sliding: gradient.assumingMemoryBound(to: Float.self),
      into: weightGradient, laneSums: nil, scratch: scratch)
  }
}
