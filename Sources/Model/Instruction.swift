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
  case addCropped(Buffer, ActivationShape, offset: Int, onto: Buffer, ActivationShape)
  /// float32 means of the source.
  case meanOverPositions(Buffer, ActivationShape, into: Buffer)

  case loss(gradient: Buffer)
  /// `undropped`: the output went through dropout, whose factor comes back too.
  case reluBackward(output: Buffer, gradient: Buffer, count: Int, undropped: Bool)
  case backwardWeights(any WeightedOperation, LayerParameters, source: Buffer, gradient: Buffer)
  /// A layer that is not updated: its gradient is zero.
  case clearGradient(LayerParameters)
  case backwardData(any WeightedOperation, LayerParameters, gradient: Buffer, sourceGradient: Buffer)
  case poolBackward(any MaxPoolOperation, gradient: Buffer, workspace: Buffer, sourceGradient: Buffer)
  case add(Buffer, to: Buffer, count: Int)
  case uncrop(Buffer, ActivationShape, offset: Int, into: Buffer, ActivationShape)
  case spreadOverPositions(Buffer, into: Buffer, ActivationShape)

  var buffers: [Buffer] {
    switch self {
    case .load(let image): [image]
    case .forward(_, _, let source, let destination): [source, destination]
    case .poolForward(_, let source, let destination, let workspace): [source, destination, workspace]
    case .dropout(let activation, _, _): [activation]
    case .scale(let source, _, let destination, _): [source, destination]
    case .addCropped(let source, _, _, let destination, _): [source, destination]
    case .loss(let gradient): [gradient]
    case .reluBackward(let output, let gradient, _, _): [output, gradient]
    case .backwardWeights(_, _, let source, let gradient): [source, gradient]
    case .clearGradient: []
    case .backwardData(_, _, let gradient, let sourceGradient): [gradient, sourceGradient]
    case .poolBackward(_, let gradient, let workspace, let sourceGradient): [gradient, workspace, sourceGradient]
    case .add(let source, let destination, _): [source, destination]
    case .uncrop(let gradient, _, _, let destination, _): [gradient, destination]
    case .meanOverPositions(let source, _, let destination): [source, destination]
    case .spreadOverPositions(let gradient, let destination, _): [gradient, destination]
    }
  }
}

/// Where a layer's parameters are in the arenas.
struct LayerParameters {
  var name: String
  var weight: Parameter
  var bias: Parameter?

  func weights(in memory: ParameterMemory) -> LayerWeights {
    LayerWeights(
      master: UnsafePointer(memory.master + weight.range.lowerBound),
      prepared: UnsafeRawPointer(memory.prepared + weight.preparedRange.lowerBound),
      bias: bias.map { UnsafePointer(memory.master + $0.range.lowerBound) })
  }
}
