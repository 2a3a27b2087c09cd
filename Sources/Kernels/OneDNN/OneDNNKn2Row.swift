import COneDNN

extension conednn_kn2row {
  fileprivate init(_ convolution: conednn_convolution, threads: Int) {
    self.init(
      images: convolution.images, height: convolution.source_height, width: convolution.source_width,
      inputs: convolution.source_channels, outputs: convolution.destination_channels, kernel: convolution.kernel,
      padding: convolution.padding_top, rotated: 0, rectified: convolution.rectified, bfloat16: convolution.bfloat16,
      threads: Int32(threads))
  }

  /// The convolution that leads from the destination's gradient to the source's.
  fileprivate var reversed: conednn_kn2row {
    conednn_kn2row(
      images: images, height: height + 2 * padding - kernel + 1, width: width + 2 * padding - kernel + 1,
      inputs: outputs, outputs: inputs, kernel: kernel, padding: kernel - 1 - padding, rotated: 1, rectified: 0,
      bfloat16: bfloat16, threads: threads)
  }

  fileprivate var scratchByteCount: Int { withUnsafePointer(to: self) { Int(conednn_kn2row_scratch_size($0)) } }
  fileprivate var implementation: String { bfloat16 != 0 ? "kn2row:avx512_bf16" : "kn2row:avx512" }
}

/// A convolution without the products with its padding. The weights are in `OneDNNArrangement(panelsOfOuts:…)`.
struct Kn2RowForward: ForwardProduct {
  private let shape: conednn_kn2row

  init(_ convolution: conednn_convolution, threads: Int) { shape = conednn_kn2row(convolution, threads: threads) }

  var scratchByteCount: Int { shape.scratchByteCount }
  var implementation: String { shape.implementation }

  func run(
    _ source: UnsafeRawPointer, weights: UnsafeRawPointer, bias: UnsafePointer<Float>?,
    into destination: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
  ) {
    withUnsafePointer(to: shape) { conednn_kn2row_run($0, source, weights, bias, destination, scratch) }
  }
}

struct Kn2RowSourceGradient: SourceGradient {
  private let shape: conednn_kn2row

  init(_ convolution: conednn_convolution, threads: Int) {
    shape = conednn_kn2row(convolution, threads: threads).reversed
  }

  var scratchByteCount: Int { shape.scratchByteCount }
  var implementation: String { shape.implementation }

  func run(
    _ gradient: UnsafeRawPointer, weights: UnsafeRawPointer, into sourceGradient: UnsafeMutableRawPointer,
    scratch: UnsafeMutableRawPointer
  ) {
    withUnsafePointer(to: shape) { conednn_kn2row_run($0, gradient, weights, nil, sourceGradient, scratch) }
  }
}
