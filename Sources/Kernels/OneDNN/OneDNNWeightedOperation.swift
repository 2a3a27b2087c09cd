import Basics
import COneDNN

/// A convolution or deconvolution for one source shape, each direction in the way of the layer's form.
final class OneDNNWeightedOperation: WeightedOperation {
  let source: ActivationShape
  let destination: ActivationShape
  let scratchByteCount: Int
  private let layout: OneDNNWeightLayout
  private let forward: any ForwardProduct
  private let sourceGradient: (any SourceGradient)?
  private let weightGradient: (any WeightGradient)?
  /// All of these.
  private let products: [any LayerProduct]

  init(
    _ shape: conednn_convolution, layout: OneDNNWeightLayout, purpose: OperationPurpose, threads: Int,
    biasIsFixed: Bool = false
  ) throws {
    source = shape.source
    destination = shape.destination
    self.layout = layout
    forward = try Self.forward(shape, layout, threads: threads)
    sourceGradient = purpose == .training ? try Self.sourceGradient(shape, layout, threads: threads) : nil
    var gradientShape = shape
    if biasIsFixed { gradientShape.biased = 0 }
    weightGradient = purpose == .inference ? nil : try Self.weightGradient(gradientShape, layout, threads: threads)
    products = [forward, sourceGradient, weightGradient].compactMap { $0 }
    scratchByteCount = products.map(\.scratchByteCount).max() ?? 0
  }

  private static func forward(
    _ shape: conednn_convolution, _ layout: OneDNNWeightLayout, threads: Int
  ) throws -> any ForwardProduct {
    switch layout.form.forward {
    case .kn2row: Kn2RowForward(shape, threads: threads)
    case .subPixel: SubPixelDeconvolution(shape, threads: threads)
    case .winograd(let tile): WinogradForward(shape, tile: tile, threads: threads)
    case .library, .im2col, .direct: try LibraryForward(shape, layout, threads: threads)
    }
  }

  private static func sourceGradient(
    _ shape: conednn_convolution, _ layout: OneDNNWeightLayout, threads: Int
  ) throws -> any SourceGradient {
    switch layout.form.sourceGradient {
    case .kn2row: Kn2RowSourceGradient(shape, threads: threads)
    case .winograd(let tile): WinogradSourceGradient(shape, tile: tile, threads: threads)
    case .im2col: try Im2ColSourceGradient(shape, layout, threads: threads)
    case .library, .subPixel, .direct: try LibrarySourceGradient(shape, layout, threads: threads)
    }
  }

  private static func weightGradient(
    _ shape: conednn_convolution, _ layout: OneDNNWeightLayout, threads: Int
  ) throws -> any WeightGradient {
    switch layout.form.weightGradient {
    case .subPixel: SubPixelDeconvolution(shape, threads: threads)
    case .winograd(let tile): WinogradWeightGradient(shape, tile: tile, threads: threads)
    case .direct: DirectWeightGradient(shape, threads: threads)
    case .im2col: try Im2ColWeightGradient(shape, layout, threads: threads)
    case .library, .kn2row: try LibraryWeightGradient(shape, layout, threads: threads)
    }
  }

  var implementation: String { products.map(\.implementation).joined(separator: " | ") }

  func forward(
    _ source: UnsafeRawPointer, _ weights: LayerWeights, into destination: UnsafeMutableRawPointer,
    scratch: UnsafeMutableRawPointer
  ) {
    forward.run(
      source, weights: layout.forwardWeights(weights), bias: weights.bias, into: destination, scratch: scratch)
  }

  func backwardData(
    _ gradient: UnsafeRawPointer, _ weights: LayerWeights, into sourceGradient: UnsafeMutableRawPointer,
    scratch: UnsafeMutableRawPointer
  ) {
    guard let way = self.sourceGradient else { preconditionFailure("an operation made without source gradients") }
    way.run(gradient, weights: layout.backwardDataWeights(weights), into: sourceGradient, scratch: scratch)
  }

  func backwardWeights(
    _ source: UnsafeRawPointer, _ gradient: UnsafeRawPointer, into weightGradient: UnsafeMutablePointer<Float>,
    biasGradient: UnsafeMutablePointer<Float>?, scratch: UnsafeMutableRawPointer
  ) {
    guard let way = self.weightGradient else { preconditionFailure("an operation made for inference") }
    way.run(source, gradient, into: weightGradient, biasGradient: biasGradient, scratch: scratch)
  }
}
