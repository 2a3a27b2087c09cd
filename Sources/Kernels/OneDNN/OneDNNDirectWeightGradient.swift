import COneDNN

/// Backward-weights by our own loops (conednn_weight_gradient.h). The layout is `OneDNNArrangement(tiledOuts:…)`.
struct DirectWeightGradient: WeightGradient {
  private let shape: conednn_weight_gradient

  init(_ convolution: conednn_convolution, threads: Int) {
    let block: Int64 = 16
    let inputStride = convolution.kernel * convolution.kernel * block * block
    shape = conednn_weight_gradient(
      images: convolution.images, height: convolution.source_height, width: convolution.source_width,
      inputs: convolution.source_channels, outputs: convolution.destination_channels, kernel: convolution.kernel,
      padding: convolution.padding_top, input_stride: inputStride,
      output_stride: (convolution.source_channels + block - 1) / block * inputStride, bfloat16: convolution.bfloat16,
      threads: Int32(threads))
  }

  var scratchByteCount: Int { withUnsafePointer(to: shape) { Int(conednn_weight_gradient_scratch_size($0)) } }
  var implementation: String { shape.bfloat16 != 0 ? "direct:avx512_bf16" : "direct:avx512" }

  func run(
    _ source: UnsafeRawPointer, _ gradient: UnsafeRawPointer, into weightGradient: UnsafeMutablePointer<Float>,
    biasGradient: UnsafeMutablePointer<Float>?, scratch: UnsafeMutableRawPointer
  ) {
    withUnsafePointer(to: shape) {
      conednn_weight_gradient_run($0, source, gradient, weightGradient, biasGradient, scratch)
    }
  }
}
