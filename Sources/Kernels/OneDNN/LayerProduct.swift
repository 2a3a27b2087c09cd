/// One way to compute a direction of a layer.
protocol LayerProduct {
  var scratchByteCount: Int { get }
  /// Its name, for people.
  var implementation: String { get }
}

/// One way to compute a product.
protocol ForwardProduct: LayerProduct {
  func run(
    _ source: UnsafeRawPointer, weights: UnsafeRawPointer, bias: UnsafePointer<Float>?,
    into destination: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer)
}

/// One way to compute the gradient of a product's source.
protocol SourceGradient: LayerProduct {
  func run(
    _ gradient: UnsafeRawPointer, weights: UnsafeRawPointer, into sourceGradient: UnsafeMutableRawPointer,
    scratch: UnsafeMutableRawPointer)
}

/// One way to compute the gradient of a product's weights (and bias).
protocol WeightGradient: LayerProduct {
  func run(
    _ source: UnsafeRawPointer, _ gradient: UnsafeRawPointer, into weightGradient: UnsafeMutablePointer<Float>,
    biasGradient: UnsafeMutablePointer<Float>?, scratch: UnsafeMutableRawPointer)
}
