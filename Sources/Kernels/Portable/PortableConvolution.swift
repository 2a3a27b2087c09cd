import Basics

extension PortableWeightedOperation {
  /// A convolution of stride 1.
  convenience init(
    _ convolution: Convolution, source: ActivationShape, layout: PanelWeightLayout, purpose: OperationPurpose,
    pool: WorkerPool
  ) throws {
    let destination = convolution.destination(of: source)
    let (kernel, padding) = (convolution.kernel, convolution.padding)
    func product(
      from source: ActivationShape, to destination: ActivationShape, _ position: (Int) -> Int
    ) throws -> ImplicitGEMM {
      let taps = (0..<kernel * kernel).map {
        GatherGrid.Tap(row: position($0 / kernel), column: position($0 % kernel), slab: $0)
      }
      return try ImplicitGEMM(
        source: source, destination: destination,
        grids: [GatherGrid(rows: destination.height, columns: destination.width, taps: taps)],
        slabsPerPanel: kernel * kernel, pool: pool)
    }
    let products = Products(
      forward: try product(from: source, to: destination) { $0 - padding },
      sourceGradient: purpose != .training ? nil : try product(from: destination, to: source) { padding - $0 },
      weightGradient: purpose == .inference
        ? nil
        : CorrelationProduct(
          anchor: destination, sliding: source, kernel: kernel, step: 1, offset: padding, slidingGivesRows: true,
          pool: pool),
      isAnchoredAtDestination: true)
    self.init(
      source: source, destination: destination, layout: layout, products: products,
      output: GatherOutput(
        isAccumulating: convolution.accumulating, isRectified: convolution.rectified,
        isRounded: layout.precision == .bfloat16))
  }
}
