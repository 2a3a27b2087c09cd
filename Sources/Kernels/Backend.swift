import Basics

/// The backend's operations. A backend makes operations for fixed shapes once; running one allocates nothing.
///
/// Activations are channels-last (`ActivationShape`) in `activationType`; weights, weight gradients and biases of the
/// parameter arena are float32, weights in the backend's own layout (`WeightLayout`). Scratch memory is the caller's:
/// at least `scratchByteCount` bytes, 64-byte aligned, with no promise about its contents.
///
/// - Important: All calls come from one thread of the process; a backend uses its own threads inside a call.
package protocol Backend: AnyObject {
  /// "onednn" or "portable".
  var name: String { get }
  /// One line for people: library, version, instruction set, threads.
  var summary: String { get }
  /// Of what computes: of a library, else of the backend itself.
  var version: String { get }
  /// The widest vector instructions that results depend on.
  var instructionSet: String { get }
  /// What must be equal on all ranks for equal bits: library version, instruction set, threads.
  var fingerprint: String { get }
  var precision: Precision { get }
  /// How activations are stored: bfloat16 only where `precision` is.
  var activationType: ElementType { get }
  var threadCount: Int { get }

  /// The layout of a convolution's weights, fixed once for all image sizes. `reference` is a typical source shape.
  func layout(of convolution: Convolution, reference: ActivationShape) throws -> any WeightLayout
  func layout(of deconvolution: Deconvolution, reference: ActivationShape) throws -> any WeightLayout

  func operation(
    for convolution: Convolution, source: ActivationShape, layout: any WeightLayout, purpose: OperationPurpose
  ) throws -> any WeightedOperation
  func operation(
    for deconvolution: Deconvolution, source: ActivationShape, layout: any WeightLayout, purpose: OperationPurpose
  ) throws -> any WeightedOperation
  func maxPool(
    _ window: MaxPoolWindow, source: ActivationShape, purpose: OperationPurpose
  ) throws -> any MaxPoolOperation

  /// [images, height, width, channels] float32 pixels into the middle of a zeroed activation that is larger by
  /// `padding` on all four sides.
  func load(
    _ pixels: UnsafePointer<Float>, shape: ActivationShape, padding: Int, into destination: UnsafeMutableRawPointer)
  /// Gradient through dropout and ReLU in one, in place: gradient = output > 0 ? gradient * scale : 0.
  func reluBackward(
    output: UnsafeRawPointer, gradient: UnsafeMutableRawPointer, count: Int, scale: Float)
  /// Inverted dropout in place: kept elements are multiplied by 1/(1-rate), the others become 0. Element i of image n
  /// is dropped by a number that depends on `keys[n]` and i alone. `count` is the number of elements of one image.
  func dropout(_ activation: UnsafeMutableRawPointer, countPerImage: Int, rate: Float, keys: [UInt64])
  /// destination = source * factor (a skip connection's scale); source may be destination.
  func scale(_ source: UnsafeRawPointer, by factor: Float, into destination: UnsafeMutableRawPointer, count: Int)
  /// destination = destination + source, or 0 where that is negative (the end of a residual block).
  func addRectified(_ source: UnsafeRawPointer, to destination: UnsafeMutableRawPointer, count: Int)
  /// destination += source
  func add(_ source: UnsafeRawPointer, to destination: UnsafeMutableRawPointer, count: Int)
  /// destination = source[offset ..< offset+height, offset ..< offset+width], or += where `accumulating`.
  func crop(
    _ source: UnsafeRawPointer, shape: ActivationShape, offset: Int, height: Int, width: Int,
    into destination: UnsafeMutableRawPointer, accumulating: Bool)
  /// The adjoint of `crop`: writes `gradient` into a zeroed activation of `shape` at `offset`.
  func cropBackward(
    _ gradient: UnsafeRawPointer, height: Int, width: Int, offset: Int, into destination: UnsafeMutableRawPointer,
    shape: ActivationShape)

  /// destination[image, channel] = the mean of the source over the image's positions, float32; sums are in double, row
  /// after row.
  func globalAveragePool(
    _ source: UnsafeRawPointer, shape: ActivationShape, into destination: UnsafeMutablePointer<Float>)
  /// The adjoint of `globalAveragePool`: every position of `shape` gets its image's gradient, [images, channels] in
  /// `activationType`, divided by their number.
  func globalAveragePoolBackward(
    _ gradient: UnsafeRawPointer, into destination: UnsafeMutableRawPointer, shape: ActivationShape)

  /// `count` elements in `activationType` as float32.
  func readFloats(_ source: UnsafeRawPointer, count: Int, into destination: UnsafeMutablePointer<Float>)
  /// Nearest neighbours, twice as many rows and columns. `shape` is the source's.
  func upsample(_ source: UnsafeRawPointer, shape: ActivationShape, into destination: UnsafeMutableRawPointer)
  /// The adjoint of `upsample`: each pixel of `shape` gets the sum of its 2 x 2 pixels.
  func upsampleBackward(_ gradient: UnsafeRawPointer, into destination: UnsafeMutableRawPointer, shape: ActivationShape)
  /// Rows and columns 0, 2, 4, …: a max pool of one pixel with stride 2. `shape` is the source's.
  func subsample(_ source: UnsafeRawPointer, shape: ActivationShape, into destination: UnsafeMutableRawPointer)
  /// The adjoint of `subsample`: zero where no pixel was taken.
  func subsampleBackward(
    _ gradient: UnsafeRawPointer, into destination: UnsafeMutableRawPointer, shape: ActivationShape)
  /// Each pixel of `shape`, which has 4 channels for each of the result's, becomes 2 x 2 pixels (Shi et al. 2016): upper
  /// left, upper right, lower left, lower right.
  func pixelShuffle(_ source: UnsafeRawPointer, shape: ActivationShape, into destination: UnsafeMutableRawPointer)
  /// The adjoint of `pixelShuffle`, and its inverse.
  func pixelUnshuffle(_ gradient: UnsafeRawPointer, into destination: UnsafeMutableRawPointer, shape: ActivationShape)
  /// Adds a float32 bias [channels] to every pixel, and rectifies it or not.
  func addBias(
    _ bias: UnsafePointer<Float>, to activation: UnsafeMutableRawPointer, shape: ActivationShape, rectified: Bool)
  /// The adjoint of `addBias` for the bias: float32 [channels], image after image.
  func sumOverPixels(_ gradient: UnsafeRawPointer, shape: ActivationShape, into sums: UnsafeMutablePointer<Float>)

  /// RoIAlign: `regions.count` regions of `maps` (as the alignment's levels say) into [regions, size, size, channels].
  func roiAlign(
    _ maps: [UnsafeRawPointer], _ alignment: RegionAlignment, _ regions: RegionTable,
    into destination: UnsafeMutableRawPointer)
  /// The adjoint of `align` by the maps. Overwrites.
  ///
  /// - Parameter sums: float32, one array a level.
  func roiAlignBackward(
    _ gradient: UnsafeRawPointer, _ alignment: RegionAlignment, _ regions: RegionTable,
    into sums: [UnsafeMutablePointer<Float>])

  /// Softmax cross-entropy per pixel (FORMATS.md section 2). See `LossOutcome`.
  ///
  /// - Parameters:
  ///   - logits: float32 [images, height, width, classes].
  ///   - labels: [images, height, width]; pixels with `ignoreLabel` are left out.
  ///   - classWeights: [classes].
  ///   - labelSmoothing: the share of the target that is spread evenly over all classes (Szegedy et al. 2016, section 7).
  ///   - scale: multiplies the gradient (1 / the global normaliser).
  ///   - gradient: [images, height, width, classes] in `activationType`, or nil when only the loss is wanted.
  func softmaxCrossEntropy(
    logits: UnsafePointer<Float>, labels: UnsafePointer<UInt16>, shape: ActivationShape, classWeights: [Float],
    ignoreLabel: UInt16, labelSmoothing: Float, scale: Float, gradient: UnsafeMutableRawPointer?
  ) -> LossOutcome
  /// The class of the largest logit per pixel (the first of equals). logits: float32 [images, height, width, classes].
  func argmax(_ logits: UnsafePointer<Float>, shape: ActivationShape, into classes: UnsafeMutablePointer<UInt16>)
}

extension Backend {
  /// With windows of 2 x 2 pixels.
  package func maxPool(source: ActivationShape, purpose: OperationPurpose) throws -> any MaxPoolOperation {
    try maxPool(.two, source: source, purpose: purpose)
  }

  /// As with a label smoothing of 0.
  package func softmaxCrossEntropy(
    logits: UnsafePointer<Float>, labels: UnsafePointer<UInt16>, shape: ActivationShape, classWeights: [Float],
    ignoreLabel: UInt16, scale: Float, gradient: UnsafeMutableRawPointer?
  ) -> LossOutcome {
    softmaxCrossEntropy(
      logits: logits, labels: labels, shape: shape, classWeights: classWeights, ignoreLabel: ignoreLabel,
      labelSmoothing: 0, scale: scale, gradient: gradient)
  }
}

/// What the loss of some images came to. Sums are in double and in a fixed order: equal for any number of threads.
package struct LossOutcome: Sendable, Equatable {
  /// sum of w[label] * cross-entropy over the counted pixels
  package var weightedLoss: Double
  /// sum of w[label] over the counted pixels
  package var weight: Double
  package init(weightedLoss: Double, weight: Double) {
    self.weightedLoss = weightedLoss
    self.weight = weight
  }
}

/// Whether an operation will be asked for gradients, and for which.
package enum OperationPurpose: Sendable {
  case inference
  /// Weight gradients only: the first layer.
  case trainingWithoutSourceGradient
  case training
}

/// A convolution over channels-last activations. Canonical weight [out, in, kernel, kernel].
package struct Convolution: Hashable, Sendable {
  package var inputChannels: Int
  package var outputChannels: Int
  package var kernel: Int
  package var padding: Int
  package var stride: Int
  /// Rectify the output in the same pass.
  package var rectified: Bool
  /// Add the result to what the destination holds (a skip connection's sum). Never together with `rectified`.
  package var accumulating: Bool
  package var hasBias: Bool
  /// The bias is added and has no gradient.
  package var biasIsFixed: Bool

  package init(
    inputChannels: Int, outputChannels: Int, kernel: Int, padding: Int, stride: Int = 1, rectified: Bool,
    accumulating: Bool = false, hasBias: Bool = true, biasIsFixed: Bool = false
  ) {
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.kernel = kernel
    self.padding = padding
    self.stride = stride
    self.rectified = rectified
    self.accumulating = accumulating
    self.hasBias = hasBias
    self.biasIsFixed = biasIsFixed
  }

  /// The shape that comes out for `source`.
  package func destination(of source: ActivationShape) -> ActivationShape {
    ActivationShape(
      images: source.images, height: (source.height + 2 * padding - kernel + stride) / stride,
      width: (source.width + 2 * padding - kernel + stride) / stride, channels: outputChannels)
  }
}

/// A transposed convolution without bias, with the crop that follows it folded in: row y of the destination is row
/// y + offset of the full result, whose height is (source height - 1) * stride + kernel; `height` rows are kept.
/// Rows beyond the full result are never asked for. Canonical weight [in, out, kernel, kernel].
package struct Deconvolution: Hashable, Sendable {
  package var inputChannels: Int
  package var outputChannels: Int
  package var kernel: Int
  package var stride: Int
  package var offset: Int
  package var height: Int
  package var width: Int
  /// float32 destination (the logits) or the backend's activation type. The gradient that comes back is always in the
  /// backend's activation type.
  package var floatDestination: Bool

  package init(
    inputChannels: Int, outputChannels: Int, kernel: Int, stride: Int, offset: Int, height: Int, width: Int,
    floatDestination: Bool
  ) {
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.kernel = kernel
    self.stride = stride
    self.offset = offset
    self.height = height
    self.width = width
    self.floatDestination = floatDestination
  }
}

/// How a backend keeps one layer's weights, the same for every image size.
package protocol WeightLayout: AnyObject {
  /// Canonical number of weights.
  var canonicalCount: Int { get }
  /// Floats in the arenas (master, momentum, gradient) in this layout: `canonicalCount` plus padding that stays zero.
  var count: Int { get }
  /// Bytes of the copies that the multiplications read (bfloat16, re-laid out); 0 where they read the master.
  var preparedByteCount: Int { get }
  /// Do the multiplications read the weights as bfloat16 numbers only, each rounded to the nearest, ties to even? Then
  /// compute copies made from rounded weights are the same bits as those made from the master.
  var readsBFloat16Only: Bool { get }
  /// Equal on two ranks exactly when their layouts are.
  var fingerprint: String { get }
  /// Whether rows can be brought in one by one; otherwise all together.
  var importsByRows: Bool { get }

  /// Brings `rows` of the canonical tensor's first dimension into the layout. Rows begin and end at multiples of 16,
  /// or with the last. Different rows may be brought in by different threads and ranks at the same time.
  ///
  /// - Parameters:
  ///   - canonical: the first of these rows.
  ///   - weights: all of the layout, its padding zero.
  func importRows(
    _ rows: Range<Int>, _ canonical: UnsafePointer<Float>, into weights: UnsafeMutablePointer<Float>)
  /// Everything, padding included.
  func importCanonical(_ canonical: UnsafePointer<Float>, into weights: UnsafeMutablePointer<Float>)
  func exportCanonical(_ weights: UnsafePointer<Float>, into canonical: UnsafeMutablePointer<Float>)
  /// Makes the compute copies from the master weights, once per update. How many independent pieces the work can be
  /// cut into (so that the ranks of a machine share it):
  var preparationPieces: Int { get }
  func prepare(
    _ weights: UnsafePointer<Float>, into prepared: UnsafeMutableRawPointer, pieces: Range<Int>,
    scratch: UnsafeMutableRawPointer)
  var preparationScratchByteCount: Int { get }
  /// The outputs whose weights these pieces are made from.
  func outputs(ofPieces pieces: Range<Int>) -> Range<Int>
  /// The weights of `outputs`, each multiplied by its output's factor; others are not touched. Not for layouts of
  /// deconvolutions.
  ///
  /// - Parameters:
  ///   - factors: of all outputs.
  ///   - result: may be `weights`.
  func scale(
    _ weights: UnsafePointer<Float>, by factors: UnsafePointer<Float>, outputs: Range<Int>,
    into result: UnsafeMutablePointer<Float>)
}

extension WeightLayout {
  package var importsByRows: Bool { true }
}

/// The weights an operation reads: the master in the layout, and the compute copies (base may be anything when
/// `preparedByteCount` is 0).
package struct LayerWeights {
  package var master: UnsafePointer<Float>
  package var prepared: UnsafeRawPointer
  /// nil where there is none: for deconvolutions, and convolutions without
  package var bias: UnsafePointer<Float>?
  package init(master: UnsafePointer<Float>, prepared: UnsafeRawPointer, bias: UnsafePointer<Float>?) {
    self.master = master
    self.prepared = prepared
    self.bias = bias
  }
}

/// A convolution or deconvolution for one source shape.
package protocol WeightedOperation: AnyObject {
  var source: ActivationShape { get }
  var destination: ActivationShape { get }
  var scratchByteCount: Int { get }
  /// What runs underneath, for reports and for the alarm when a hot layer falls back to a slow kernel.
  var implementation: String { get }

  func forward(
    _ source: UnsafeRawPointer, _ weights: LayerWeights, into destination: UnsafeMutableRawPointer,
    scratch: UnsafeMutableRawPointer)
  /// `gradient` is the gradient of the destination before ReLU (apply `reluBackward` first). Overwrites.
  func backwardData(
    _ gradient: UnsafeRawPointer, _ weights: LayerWeights, into sourceGradient: UnsafeMutableRawPointer,
    scratch: UnsafeMutableRawPointer)
  /// Overwrites; padding elements of the layout become zero. `biasGradient` is nil where there is no bias.
  func backwardWeights(
    _ source: UnsafeRawPointer, _ gradient: UnsafeRawPointer, into weightGradient: UnsafeMutablePointer<Float>,
    biasGradient: UnsafeMutablePointer<Float>?, scratch: UnsafeMutableRawPointer)
}

/// What a max pooling of stride 2 looks at; the result has half the rows and columns, rounded up.
package enum MaxPoolWindow: Hashable, Sendable {
  /// 2 x 2 pixels; a last odd row or column makes a window of its own (Caffe's rule).
  case two
  /// 3 x 3 pixels around every other one, those outside left out (ResNet's: padding 1).
  case three
}

/// Max pooling with stride 2, for fixed shapes.
package protocol MaxPoolOperation: AnyObject {
  var source: ActivationShape { get }
  var destination: ActivationShape { get }
  /// Memory kept from forward to backward: where each maximum was.
  var workspaceByteCount: Int { get }
  func forward(
    _ source: UnsafeRawPointer, into destination: UnsafeMutableRawPointer, workspace: UnsafeMutableRawPointer)
  /// Overwrites. Of equal maxima the first in row order takes the gradient.
  func backward(
    _ gradient: UnsafeRawPointer, workspace: UnsafeMutableRawPointer, into sourceGradient: UnsafeMutableRawPointer)
}
