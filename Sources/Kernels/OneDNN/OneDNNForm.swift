import Basics
import COneDNN

/// How a layer's products are computed, and so in which layouts its weights are kept. A function of the layer, the
/// precision and the processor alone, so that all ranks and all image sizes agree.
struct OneDNNForm {
  enum SourceGradientWay {
    case library
    /// One matrix product per image, then a sum at the pixels where taps meet.
    case unrolled
  }

  enum WeightGradientWay {
    case library
    /// One matrix product with the unrolled source.
    case unrolled
    /// Our own loops over the pixels.
    case outerProducts
  }

  let sourceGradient: SourceGradientWay
  let weightGradient: WeightGradientWay

  /// Everything by the library's (de)convolutions.
  static let library = OneDNNForm(sourceGradient: .library, weightGradient: .library)

  private init(sourceGradient: SourceGradientWay, weightGradient: WeightGradientWay) {
    self.sourceGradient = sourceGradient
    self.weightGradient = weightGradient
  }

  /// Forward always is a convolution: it has the same bits for any number of threads, and the library's kernels reach
  /// the processor's peak.
  init(of convolution: Convolution, isBFloat16: Bool, hasTiles: Bool) {
    if convolution.kernel > 3 {
      // Measured for fc6 (7x7, 512 to 4096, 12x15 pixels), two threads: backward-data takes 79 ms instead of 141 in
      // float32, and in bfloat16 156 instead of 172 for four images. Where bfloat16 is multiplied in tiles, these
      // want sums over many pixels, and a convolution's are as long as a row.
      self.init(sourceGradient: .unrolled, weightGradient: isBFloat16 && hasTiles ? .unrolled : .library)
    } else {
      self.init(
        sourceGradient: .library,
        weightGradient: Self.wantsOuterProducts(convolution, isBFloat16: isBFloat16, hasTiles: hasTiles)
          ? .outerProducts : .library)
    }
  }

  /// Measured over the backbone at 360x480, one thread: 274 ms instead of 345 in bfloat16 and 560 instead of 820 in
  /// float32. Tiles are faster than vectors, and three input channels fill few of the eight places.
  private static func wantsOuterProducts(_ convolution: Convolution, isBFloat16: Bool, hasTiles: Bool) -> Bool {
    if isBFloat16 && (hasTiles || convolution.inputChannels < 8) { return false }
    var shape = conednn_weight_gradient()
    shape.images = 1
    (shape.height, shape.width) = (Int64(convolution.kernel), Int64(convolution.kernel))
    shape.inputs = Int64(convolution.inputChannels)
    shape.outputs = Int64(convolution.outputChannels)
    shape.kernel = Int64(convolution.kernel)
    shape.padding = Int64(convolution.padding)
    shape.bfloat16 = isBFloat16 ? 1 : 0
    return conednn_weight_gradient_supported(&shape) != 0
  }

  func sourceGradient(
    _ shape: conednn_convolution, _ layout: OneDNNWeightLayout, threads: Int
  ) throws -> any SourceGradient {
    switch sourceGradient {
    case .library: try LibrarySourceGradient(shape, layout, threads: threads)
    case .unrolled: try UnrolledSourceGradient(shape, layout, threads: threads)
    }
  }

  func weightGradient(
    _ shape: conednn_convolution, _ layout: OneDNNWeightLayout, threads: Int
  ) throws -> any WeightGradient {
    switch weightGradient {
    case .library: try LibraryWeightGradient(shape, layout, threads: threads)
    case .unrolled: try UnrolledWeightGradient(shape, layout, threads: threads)
    case .outerProducts: OuterProductWeightGradient(shape, threads: threads)
    }
  }
}
