/// Deconvolution weights that interpolate bilinearly, class by class.
enum BilinearKernel {
  /// The kernel for an upsampling by half its size, as `surgery.upsample_filt` of the published nets: [size].
  static func profile(size: Int) -> [Float] {
    let factor = (size + 1) / 2
    let center = size % 2 == 1 ? Double(factor - 1) : Double(factor) - 0.5
    return (0..<size).map { Float(1 - abs(Double($0) - center) / Double(factor)) }
  }

  /// Rows of the canonical weights [channels, channels, size, size]: the kernel where input and output channel are the
  /// same, else zero.
  ///
  /// - Parameter inputs: which rows of the first dimension `weights` has room for.
  static func fill(_ weights: UnsafeMutableBufferPointer<Float>, inputs: Range<Int>, size: Int, channels: Int) {
    let profile = profile(size: size)
    weights.update(repeating: 0)
    for channel in inputs {
      let base = ((channel - inputs.lowerBound) * channels + channel) * size * size
      for y in 0..<size {
        for x in 0..<size { weights[base + y * size + x] = profile[y] * profile[x] }
      }
    }
  }
}
