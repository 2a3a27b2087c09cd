import COneDNN

extension conednn_subpixel {
  fileprivate init(_ deconvolution: conednn_convolution, threads: Int) {
    self.init(
      images: deconvolution.images, source_height: deconvolution.source_height,
      source_width: deconvolution.source_width, inputs: deconvolution.source_channels,
      outputs: deconvolution.destination_channels, height: deconvolution.destination_height,
      width: deconvolution.destination_width, kernel: deconvolution.kernel, stride: deconvolution.stride,
      offset: deconvolution.padding_top, bfloat16: deconvolution.bfloat16,
      float_destination: deconvolution.float_destination, threads: Int32(threads))
  }
}

/// A deconvolution phase by phase (conednn_subpixel.h). The weights are in `OneDNNArrangement(blockedOuts:…)`.
struct SubPixelDeconvolution: ForwardProduct, WeightGradient {
  private let shape: conednn_subpixel

  init(_ deconvolution: conednn_convolution, threads: Int) {
    shape = conednn_subpixel(deconvolution, threads: threads)
  }

  var scratchByteCount: Int { withUnsafePointer(to: shape) { Int(conednn_subpixel_scratch_size($0)) } }
  var implementation: String { "sub-pixel:" + String(cString: conednn_subpixel_instructions(shape.bfloat16)) }

  func run(
    _ source: UnsafeRawPointer, weights: UnsafeRawPointer, bias: UnsafePointer<Float>?,
    into destination: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
  ) {
    precondition(bias == nil, "a deconvolution has no bias")
    withUnsafePointer(to: shape) { conednn_subpixel_run($0, source, weights, destination, scratch) }
  }

  func run(
    _ source: UnsafeRawPointer, _ gradient: UnsafeRawPointer, into weightGradient: UnsafeMutablePointer<Float>,
    biasGradient: UnsafeMutablePointer<Float>?, scratch: UnsafeMutableRawPointer
  ) {
    precondition(biasGradient == nil, "a deconvolution has no bias")
    withUnsafePointer(to: shape) { conednn_subpixel_gradient_run($0, source, gradient, weightGradient, scratch) }
  }
}
