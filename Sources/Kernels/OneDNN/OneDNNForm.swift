import Basics
import COneDNN

/// How a layer's products are computed, and so in which layouts its weights are kept. A function of the layer, the
/// precision and the processor alone, so that all ranks and all image sizes agree.
struct OneDNNForm {
  /// Backward-data as one matrix product per image, then summed at the pixels where taps meet.
  let unrollsSourceGradient: Bool
  /// Backward-weights as one matrix product with the unrolled source.
  let unrollsWeightGradient: Bool

  /// Everything by the library's (de)convolutions.
  static let direct = OneDNNForm(unrollsSourceGradient: false, unrollsWeightGradient: false)

  /// Measured for fc6 (7x7, 512 to 4096, 12x15 pixels), two threads: backward-data takes 79 ms instead of 141 in
  /// float32 and 39 in both ways in bfloat16 (156 instead of 172 for four images). The weight gradient is unrolled
  /// where bfloat16 is multiplied in tiles, which want long sums and get 15 of 32 places filled by rows of 15 pixels.
  /// Forward stays a convolution: it has the same bits for any number of threads.
  init(of convolution: Convolution, isBFloat16: Bool, hasTiles: Bool) {
    let isUnrolled = convolution.kernel > 3
    unrollsSourceGradient = isUnrolled
    unrollsWeightGradient = isUnrolled && isBFloat16 && hasTiles
  }

  init(unrollsSourceGradient: Bool, unrollsWeightGradient: Bool) {
    self.unrollsSourceGradient = unrollsSourceGradient
    self.unrollsWeightGradient = unrollsWeightGradient
  }

  func sourceGradient(
    _ shape: conednn_convolution, _ layout: OneDNNWeightLayout, threads: Int
  ) throws -> any SourceGradient {
    unrollsSourceGradient
      ? try UnrolledSourceGradient(shape, layout, threads: threads)
      : try DirectSourceGradient(shape, layout, threads: threads)
  }

  func weightGradient(
    _ shape: conednn_convolution, _ layout: OneDNNWeightLayout, threads: Int
  ) throws -> any WeightGradient {
    unrollsWeightGradient
      ? try UnrolledWeightGradient(shape, layout, threads: threads)
      : try DirectWeightGradient(shape, layout, threads: threads)
  }
}
