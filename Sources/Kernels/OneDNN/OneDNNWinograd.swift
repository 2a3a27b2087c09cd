import COneDNN

extension conednn_winograd {
  init(_ convolution: conednn_convolution, tile: Int, threads: Int) {
    self.init(
      images: convolution.images, height: convolution.source_height, width: convolution.source_width,
      inputs: convolution.source_channels, outputs: convolution.destination_channels,
      padding: convolution.padding_top, tile: Int32(tile), rectified: convolution.rectified,
      bfloat16: convolution.bfloat16,
      threads: Int32(threads))
  }

  /// The convolution that leads from the destination's gradient to the source's.
  fileprivate var reversed: conednn_winograd {
    conednn_winograd(
      images: images, height: height + 2 * padding - 2, width: width + 2 * padding - 2, inputs: outputs,
      outputs: inputs, padding: 2 - padding, tile: tile, rectified: 0, bfloat16: bfloat16, threads: threads)
  }

  fileprivate var name: String { tile == 2 ? "winograd 2x2:avx512_bf16" : "winograd 4x4:avx512" }

  fileprivate var scratchByteCount: Int { withUnsafePointer(to: self) { Int(conednn_winograd_scratch_size($0)) } }

  fileprivate func run(
    _ source: UnsafeRawPointer, weights: UnsafeRawPointer, bias: UnsafePointer<Float>?,
    into destination: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
  ) {
    withUnsafePointer(to: self) { conednn_winograd_run($0, source, weights, bias, destination, scratch) }
  }
}

/// A 3x3 convolution by Winograd filtering.
struct WinogradForward: ForwardProduct {
  private let shape: conednn_winograd

  init(_ convolution: conednn_convolution, tile: Int, threads: Int) {
    shape = conednn_winograd(convolution, tile: tile, threads: threads)
  }

  var scratchByteCount: Int { shape.scratchByteCount }
  var implementation: String { shape.name }

  func run(
    _ source: UnsafeRawPointer, weights: UnsafeRawPointer, bias: UnsafePointer<Float>?,
    into destination: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
  ) {
    shape.run(source, weights: weights, bias: bias, into: destination, scratch: scratch)
  }
}

struct WinogradSourceGradient: SourceGradient {
  private let shape: conednn_winograd

  init(_ convolution: conednn_convolution, tile: Int, threads: Int) {
    shape = conednn_winograd(convolution, tile: tile, threads: threads).reversed
  }

  var scratchByteCount: Int { shape.scratchByteCount }
  var implementation: String { shape.name }

  func run(
    _ gradient: UnsafeRawPointer, weights: UnsafeRawPointer, into sourceGradient: UnsafeMutableRawPointer,
    scratch: UnsafeMutableRawPointer
  ) {
    shape.run(gradient, weights: weights, bias: nil, into: sourceGradient, scratch: scratch)
  }
}

/// The layout is `OneDNNArrangement(tiledOuts:…)`.
struct WinogradWeightGradient: WeightGradient {
  private let shape: conednn_winograd

  init(_ convolution: conednn_convolution, tile: Int, threads: Int) {
    shape = conednn_winograd(convolution, tile: tile, threads: threads)
  }

  var scratchByteCount: Int { withUnsafePointer(to: shape) { Int(conednn_winograd_gradient_scratch_size($0)) } }
  var implementation: String { shape.name }

  func run(
    _ source: UnsafeRawPointer, _ gradient: UnsafeRawPointer, into weightGradient: UnsafeMutablePointer<Float>,
    biasGradient: UnsafeMutablePointer<Float>?, scratch: UnsafeMutableRawPointer
  ) {
    withUnsafePointer(to: shape) {
      conednn_winograd_gradient_run($0, source, gradient, weightGradient, biasGradient, scratch)
    }
  }
}
