import Basics

extension PortableWeightedOperation {
  /// A transposed convolution. Destination rows and columns fall into `stride` phases; within a phase every pixel reads
  /// the same taps, so each pair of phases is one gathered product.
  convenience init(
    _ deconvolution: Deconvolution, source: ActivationShape, layout: PanelWeightLayout, purpose: OperationPurpose,
    pool: WorkerPool
  ) throws {
    let destination = ActivationShape(
      images: source.images, height: deconvolution.height, width: deconvolution.width,
      channels: deconvolution.outputChannels)
    let (kernel, stride, offset) = (deconvolution.kernel, deconvolution.stride, deconvolution.offset)
    let windows = GatherGrid(
      rows: source.height, columns: source.width, sourceStep: stride,
      taps: (0..<kernel * kernel).map {
        GatherGrid.Tap(row: $0 / kernel - offset, column: $0 % kernel - offset, slab: $0)
      })
    let products = Products(
      forward: try ImplicitGEMM(
        source: source, destination: destination, grids: Self.phases(of: deconvolution),
        slabsPerPanel: kernel * kernel, pool: pool),
      sourceGradient: purpose != .training
        ? nil
        : try ImplicitGEMM(
          source: destination, destination: source, grids: [windows], slabsPerPanel: kernel * kernel, pool: pool),
      weightGradient: purpose == .inference
        ? nil
        : CorrelationProduct(
          anchor: source, sliding: destination, kernel: kernel, step: stride, offset: offset, slidingGivesRows: false,
          pool: pool),
      isAnchoredAtDestination: false)
    self.init(
      source: source, destination: destination, layout: layout, products: products,
      output: GatherOutput(isRounded: layout.precision == .bfloat16 && !deconvolution.floatDestination))
  }

  static func phases(of deconvolution: Deconvolution) -> [GatherGrid] {
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
}
