import Basics
import COneDNN

/// How a layer's products are computed, and so in which layouts its weights are kept. A function of the layer, the
/// precision and the processor alone, so that all ranks and all image sizes agree.
struct OneDNNForm {
  enum Algorithm {
    case library
    /// im2col: one GEMM with every window of the source in a row of its own.
    case im2col
    /// kn2row: one GEMM for each tap, without the products with the padding's zeros (conednn_kn2row.h). Not for weight
    /// gradients.
    case kn2row
    /// Winograd's minimal filtering, F(2x2, 3x3) or F(4x4, 3x3) (conednn_winograd.h), with tiles of this many pixels on
    /// a side.
    case winograd(tile: Int)
    /// A deconvolution as dense products, one for each sub-pixel phase (conednn_subpixel.h). Not for source gradients.
    case subPixel
    /// Direct convolution by our own loops over the pixels (conednn_weight_gradient.h). Weight gradients only.
    case direct
  }

  let forward: Algorithm
  let sourceGradient: Algorithm
  let weightGradient: Algorithm

  var description: String { "\(forward)-\(sourceGradient)-\(weightGradient)" }

  /// Everything by the library's (de)convolutions.
  static let library = OneDNNForm(forward: .library, sourceGradient: .library, weightGradient: .library)

  private init(forward: Algorithm, sourceGradient: Algorithm, weightGradient: Algorithm) {
    self.forward = forward
    self.sourceGradient = sourceGradient
    self.weightGradient = weightGradient
  }

  init(of convolution: Convolution, isBFloat16: Bool, hasTiles: Bool) {
    if convolution.stride > 1 {
      self = .library
    } else if convolution.kernel > 3 {
      // Measured for fc6 (7x7, 512 to 4096, 12x15 pixels), one thread: 60 ms forward and 62 backward in bfloat16, the
      // library 78 and, unrolled, 80. Where bfloat16 is multiplied in tiles, these want sums over many pixels, and a
      // convolution's are as long as a row: there the gradients are unrolled; forward stays a convolution, which has
      // the same bits for any number of threads.
      // Without AVX-512 the library's matrix product may split a sum among the threads; its convolution, 6 % slower, does
      // not.
      let wantsLibrary = !OneDNNLibrary.instructionSet.hasPrefix("avx512")
      let wantsKn2Row = Self.wantsKn2Row(convolution, isBFloat16: isBFloat16, hasTiles: hasTiles)
      self.init(
        forward: wantsKn2Row ? .kn2row : .library,
        sourceGradient: wantsKn2Row ? .kn2row : wantsLibrary ? .library : .im2col,
        weightGradient: isBFloat16 && hasTiles ? .im2col : .library)
    } else if let tile = Self.winogradTile(convolution, isBFloat16: isBFloat16, hasTiles: hasTiles) {
      self.init(
        forward: .winograd(tile: tile), sourceGradient: .winograd(tile: tile), weightGradient: .winograd(tile: tile))
    } else {
      let wantsLoops = Self.wantsOuterProducts(convolution, isBFloat16: isBFloat16, hasTiles: hasTiles)
      self.init(forward: .library, sourceGradient: .library, weightGradient: wantsLoops ? .direct : .library)
    }
  }

  /// Without padding there is nothing to leave out.
  private static func wantsKn2Row(_ convolution: Convolution, isBFloat16: Bool, hasTiles: Bool) -> Bool {
    guard convolution.padding > 0 && !convolution.accumulating && !(isBFloat16 && hasTiles) else { return false }
    var shape = conednn_kn2row()
    shape.inputs = Int64(convolution.inputChannels)
    shape.outputs = Int64(convolution.outputChannels)
    shape.kernel = Int64(convolution.kernel)
    shape.padding = Int64(convolution.padding)
    shape.bfloat16 = isBFloat16 ? 1 : 0
    return conednn_kn2row_supported(&shape) != 0
  }

  /// Measured at 360x480, 11 classes, one thread: FCN-32s, bfloat16, forward 2.1 ms instead of 15 and weight gradient
  /// 1.7 instead of 26; FCN-8s, float32, 2.2 instead of 6.9 and 4.8 instead of 12. Small kernels gain nothing but the
  /// certainty that no image size falls to the library's reference implementation.
  static func upsampling(isBFloat16: Bool) -> OneDNNForm {
    guard conednn_subpixel_supported(isBFloat16 ? 1 : 0) != 0 else { return .library }
    return OneDNNForm(forward: .subPixel, sourceGradient: .library, weightGradient: .subPixel)
  }

  /// Measured at 360x480, one thread, all three directions: conv3_2 takes 60 ms instead of 148 in float32, conv4_2 58
  /// instead of 145. In bfloat16, conv3_2 takes 44 ms in tiles of 2x2, 60 in tiles of 4x4 and 73 by the library,
  /// conv4_2 41, 57 and 73. Narrow bfloat16 layers keep the rounding errors of the larger tiles.
  private static func winogradTile(_ convolution: Convolution, isBFloat16: Bool, hasTiles: Bool) -> Int? {
    guard convolution.kernel == 3 && !convolution.accumulating && !(isBFloat16 && hasTiles) else { return nil }
    let channels = min(convolution.inputChannels, convolution.outputChannels)
    // Narrow layers are fast enough without, and in float32 a rounding error of a plain sum's size is worth more: over
    // seeds of a net of widths 32 to 64, gradients missed those in float64 by 1e-3 more often.
    if !isBFloat16 && channels < 64 { return nil }
    var shape = conednn_winograd()
    shape.inputs = Int64(convolution.inputChannels)
    shape.outputs = Int64(convolution.outputChannels)
    shape.padding = Int64(convolution.padding)
    shape.bfloat16 = isBFloat16 ? 1 : 0
    shape.tile = isBFloat16 && channels >= 64 ? 2 : 4
    return conednn_winograd_supported(&shape) != 0 ? Int(shape.tile) : nil
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
}
