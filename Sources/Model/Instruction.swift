import Kernels

/// One call of the backend, with everything decided but the addresses of arenas.
enum Instruction {
  typealias Buffer = BufferPlanner.Buffer

  /// The caller's pixels into the image's buffer.
  case load(into: Buffer)
  case forward(any WeightedOperation, LayerParameters, source: Buffer, destination: Buffer)
  case poolForward(any MaxPoolOperation, source: Buffer, destination: Buffer, workspace: Buffer)
  case dropout(Buffer, countPerImage: Int, ordinal: Int)
  case scale(Buffer, by: Float, into: Buffer, count: Int)
  case addRectified(Buffer, to: Buffer, count: Int)
  case addCropped(Buffer, ActivationShape, offset: Int, onto: Buffer, ActivationShape)
  /// float32 means of the source.
  case globalAveragePool(Buffer, ActivationShape, into: Buffer)
  /// `shape` is the source's.
  case upsample(Buffer, ActivationShape, into: Buffer)
  case subsample(Buffer, ActivationShape, into: Buffer)
  case pixelShuffle(Buffer, ActivationShape, into: Buffer, bias: Parameter)
  /// Before it, somebody chooses the head's regions.
  case roiAlign(Graph.RegionHead, RegionAlignment, [Buffer], into: Buffer)

  case loss(gradient: Buffer)
  /// The gradient of an output comes from outside, as float32 into `staging`.
  case outputGradient(Int, ActivationShape, staging: Buffer, gradient: Buffer)
  /// `hasDropout`: the output went through dropout, whose factor comes back too.
  case reluBackward(output: Buffer, gradient: Buffer, count: Int, hasDropout: Bool)
  case backwardWeights(any WeightedOperation, LayerParameters, source: Buffer, gradient: Buffer, sharing: Sharing?)
  /// A layer that is not updated: its gradient is zero.
  case clearGradient(LayerParameters)
  case backwardData(any WeightedOperation, LayerParameters, gradient: Buffer, sourceGradient: Buffer)
  case poolBackward(any MaxPoolOperation, gradient: Buffer, workspace: Buffer, sourceGradient: Buffer)
  case add(Buffer, to: Buffer, count: Int)
  case cropBackward(Buffer, ActivationShape, offset: Int, into: Buffer, ActivationShape)
  case globalAveragePoolBackward(Buffer, into: Buffer, ActivationShape)
  /// Shapes are the coarser map's and the finer map's: those of the gradients that are made.
  case upsampleBackward(Buffer, into: Buffer, ActivationShape)
  case subsampleBackward(Buffer, into: Buffer, ActivationShape)
  case biasGradient(Buffer, ActivationShape, bias: Parameter)
  case pixelUnshuffle(Buffer, into: Buffer, ActivationShape)
  /// `sums`: float32 gradients of the levels.
  case roiAlignBackward(Graph.RegionHead, RegionAlignment, Buffer, sums: [Buffer])
  /// float32 into the activation type.
  case cast(Buffer, into: Buffer, ActivationShape)

  /// A layer that several steps share: which of its gradients this is.
  struct Sharing {
    /// Where a further gradient is made before it is added to the first; nil for the first.
    var staging: Buffer?
    /// Whether the layer's gradient is complete after it.
    var isLast: Bool
  }

  var choosesMaskRegions: Bool {
    if case .roiAlign(.mask, _, _, _) = self { true } else { false }
  }

  var buffers: [Buffer] {
    switch self {
    case .load(let image): [image]
    case .forward(_, _, let source, let destination): [source, destination]
    case .poolForward(_, let source, let destination, let workspace): [source, destination, workspace]
    case .dropout(let activation, _, _): [activation]
    case .scale(let source, _, let destination, _): [source, destination]
    case .addCropped(let source, _, _, let destination, _): [source, destination]
    case .addRectified(let source, let destination, _): [source, destination]
    case .loss(let gradient): [gradient]
    case .reluBackward(let output, let gradient, _, _): [output, gradient]
    case .backwardWeights(_, _, let source, let gradient, let sharing):
      [source, gradient] + [sharing?.staging].compactMap { $0 }
    case .clearGradient: []
    case .backwardData(_, _, let gradient, let sourceGradient): [gradient, sourceGradient]
    case .poolBackward(_, let gradient, let workspace, let sourceGradient): [gradient, workspace, sourceGradient]
    case .add(let source, let destination, _): [source, destination]
    case .cropBackward(let gradient, _, _, let destination, _): [gradient, destination]
    case .globalAveragePool(let source, _, let destination): [source, destination]
    case .globalAveragePoolBackward(let gradient, let destination, _): [gradient, destination]
    case .upsample(let source, _, let destination), .subsample(let source, _, let destination): [source, destination]
    case .pixelShuffle(let source, _, let destination, _): [source, destination]
    case .roiAlign(_, _, let levels, let destination): levels + [destination]
    case .outputGradient(_, _, let staging, let gradient): [staging, gradient]
    case .upsampleBackward(let gradient, let destination, _), .subsampleBackward(let gradient, let destination, _):
      [gradient, destination]
    case .biasGradient(let gradient, _, _): [gradient]
    case .pixelUnshuffle(let gradient, let destination, _): [gradient, destination]
    case .roiAlignBackward(_, _, let gradient, let sums): [gradient] + sums
    case .cast(let source, let destination, _): [source, destination]
    }
  }
}
