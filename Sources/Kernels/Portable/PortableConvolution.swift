import Basics

extension PortableWeightedOperation {
  convenience init(
    _ convolution: Convolution, source: ActivationShape, layout: PanelWeightLayout, purpose: OperationPurpose,
    pool: WorkerPool
  ) throws {
    let destination = convolution.destination(of: source)
    let (kernel, padding) = (convolution.kernel, convolution.padding)
    let windows = GatherGrid(
      rows: destination.height, columns: destination.width, sourceStep: convolution.stride,
      taps: (0..<kernel * kernel).map {
        GatherGrid.Tap(row: $0 / kernel - padding, column: $0 % kernel - padding, slab: $0)
      })
    let products = Products(
      forward: try ImplicitGEMM(
        source: source, destination: destination, grids: [windows], slabsPerPanel: kernel * kernel, pool: pool),
      sourceGradient: purpose != .training
        ? nil
        : try ImplicitGEMM(
          source: destination, destination: source, grids: Self.phases(of: convolution.adjoint(of: source)),
          slabsPerPanel: kernel * kernel, pool: pool),
      weightGradient: purpose == .inference
        ? nil
        : CorrelationProduct(
          anchor: destination, sliding: source, kernel: kernel, step: convolution.stride, offset: padding,
          slidingGivesRows: true, pool: pool),
      isAnchoredAtDestination: true)
    self.init(
      source: source, destination: destination, layout: layout, products: products,
      output: GatherOutput(
        isAccumulating: convolution.accumulating, isRectified: convolution.rectified,
        isRounded: layout.precision == .bfloat16))
  }
}

extension Convolution {
  /// The transposed convolution that brings gradients back to a source.
  fileprivate func adjoint(of source: ActivationShape) -> Deconvolution {
    Deconvolution(
      inputChannels: outputChannels, outputChannels: inputChannels, kernel: kernel, stride: stride, offset: padding,
      height: source.height, width: source.width, floatDestination: false)
  }
}
