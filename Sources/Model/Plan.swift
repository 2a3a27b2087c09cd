import Basics
import Kernels

/// A network made ready for images of one size: the backend's operations in order and a place for every buffer.
/// Running it allocates nothing.
///
/// - Important: Plans of one network share their memory. Making or running one invalidates what another has computed.
package final class Plan {
  package let images: Int
  package let height: Int
  package let width: Int
  package let isTraining: Bool
  /// Logits: [images, height, width, classes]; of a classifier [images, 1, 1, classes].
  package let destination: ActivationShape
  /// What runs underneath each layer, in forward order.
  package let implementations: [(operation: String, implementation: String)]
  /// Bytes of activations, activation gradients and pooling workspaces.
  package let activationByteCount: Int
  /// Bytes of the operations' scratch memory, without slack.
  package let scratchByteCount: Int

  private let backend: any Backend
  private let configuration: ModelConfiguration
  private let imageShape: ActivationShape
  private let imagePadding: Int
  let forwardInstructions: [Instruction]
  let backwardInstructions: [Instruction]
  private let placement: BufferPlanner.Placement
  private let logits: BufferPlanner.Buffer
  private let activations: Arena
  private let scratch: Arena
  private var memory: ParameterMemory?
  private var appliedDropout = false
  /// Of the layer at hand; kept because a step allocates nothing.
  private var dropoutKeys: [UInt64]

  /// Backends read and write a little beyond the scratch memory they ask for (oneDNN 3.2 does).
  private static let scratchSlack = 64 << 10

  init(
    _ builder: PlanBuilder, configuration: ModelConfiguration, height: Int, width: Int, activations: Arena,
    scratch: Arena
  ) throws {
    images = builder.shapes[0].images
    self.height = height
    self.width = width
    isTraining = builder.isTraining
    destination = builder.shapes[builder.graph.logits]
    implementations = builder.implementations
    scratchByteCount = builder.scratchByteCount
    backend = builder.backend
    self.configuration = configuration
    imageShape = ActivationShape(
      images: builder.shapes[0].images, height: height, width: width, channels: configuration.channels)
    imagePadding = builder.graph.imagePadding
    forwardInstructions = builder.forward
    backwardInstructions = builder.backward
    placement = builder.place()
    activationByteCount = placement.byteCount
    logits = builder.logits
    self.activations = activations
    self.scratch = scratch
    dropoutKeys = [UInt64](repeating: 0, count: images)
    try reserveMemory()
  }

  /// Makes sure that the shared memory is large enough.
  func reserveMemory() throws {
    try activations.reserve(byteCount: activationByteCount)
    try scratch.reserve(byteCount: scratchByteCount + Self.scratchSlack)
  }

  /// Runs the network.
  ///
  /// - Parameters:
  ///   - pixels: [images, height, width, channels], normalised.
  ///   - memory: parameters, prepared since they last changed. Used by `backward` too.
  ///   - dropoutKeys: one per image; nil for no dropout. Ignored by plans that are not for training.
  /// - Returns: logits (`destination`), valid until the next forward pass of any plan.
  @discardableResult
  package func forward(
    _ pixels: UnsafePointer<Float>, _ memory: ParameterMemory, dropoutKeys: [UInt64]?
  ) -> UnsafePointer<Float> {
    precondition(dropoutKeys == nil || dropoutKeys?.count == images, "one dropout key per image")
    self.memory = memory
    activations.claim(for: self)
    appliedDropout = isTraining && dropoutKeys != nil
    for instruction in forwardInstructions { run(instruction, pixels, memory, dropoutKeys) }
    return logitsPointer
  }

  private func run(
    _ instruction: Instruction, _ pixels: UnsafePointer<Float>, _ memory: ParameterMemory, _ dropoutKeys: [UInt64]?
  ) {
    switch instruction {
    case .load(let image):
      backend.load(pixels, shape: imageShape, padding: imagePadding, into: address(image))
    case .forward(let operation, let parameters, let source, let destination):
      operation.forward(
        address(source), parameters.weights(in: memory), into: address(destination), scratch: scratch.base)
    case .poolForward(let operation, let source, let destination, let workspace):
      operation.forward(address(source), into: address(destination), workspace: address(workspace))
    case .dropout(let activation, let count, let ordinal):
      guard let dropoutKeys else { return }
      backend.dropout(
        address(activation), countPerImage: count, rate: configuration.dropout,
        keys: layerKeys(dropoutKeys, ordinal))
    case .scale(let source, let factor, let destination, let count):
      backend.scale(address(source), by: factor, into: address(destination), count: count)
    case .addCropped(let source, let shape, let offset, let destination, let kept):
      backend.crop(
        address(source), shape: shape, offset: offset, height: kept.height, width: kept.width,
        into: address(destination), accumulating: true)
    case .meanOverPositions(let source, let shape, let destination):
      backend.meanOverPositions(
        address(source), shape: shape, into: address(destination).assumingMemoryBound(to: Float.self))
    default:
      preconditionFailure("no forward instruction")
    }
  }

  /// Different layers drop independently.
  private func layerKeys(_ keys: [UInt64], _ ordinal: Int) -> [UInt64] {
    for (image, key) in keys.enumerated() {
      dropoutKeys[image] = Philox.mixed(key &+ UInt64(ordinal) &* 0x9E37_79B9_7F4A_7C15)
    }
    return dropoutKeys
  }

  /// The loss of the last forward pass and the gradient of every parameter. Only for training plans.
  ///
  /// - Parameters:
  ///   - labels: [images, height, width]; of a classifier [images].
  ///   - classWeights: [classes].
  ///   - labelSmoothing: as `Backend.softmaxCrossEntropy`'s.
  ///   - scale: multiplies the gradient: 1 / the global normaliser.
  ///   - gradient: `ParameterTable.floatCount` floats, all overwritten; zero for parameters that are not updated.
  ///   - ready: called with each parameter's range as soon as its gradient is complete, last layers first.
  @discardableResult
  package func backward(
    labels: UnsafePointer<UInt16>, classWeights: [Float], ignoreLabel: UInt16, labelSmoothing: Float = 0, scale: Float,
    into gradient: UnsafeMutablePointer<Float>, ready: (Range<Int>) -> Void = { _ in }
  ) -> LossOutcome {
    guard isTraining, let memory else { preconditionFailure("backward needs a training plan and a forward pass") }
    var outcome = LossOutcome(weightedLoss: 0, weight: 0)
    for instruction in backwardInstructions {
      if case .loss(let logitsGradient) = instruction {
        outcome = backend.softmaxCrossEntropy(
          logits: logitsPointer, labels: labels, shape: destination, classWeights: classWeights,
          ignoreLabel: ignoreLabel, labelSmoothing: labelSmoothing, scale: scale, gradient: address(logitsGradient))
      } else {
        runBackward(instruction, memory, gradient, ready)
      }
    }
    return outcome
  }

  private func runBackward(
    _ instruction: Instruction, _ memory: ParameterMemory, _ arena: UnsafeMutablePointer<Float>,
    _ ready: (Range<Int>) -> Void
  ) {
    switch instruction {
    case .reluBackward(let output, let gradient, let count, let undropped):
      backend.reluBackward(
        output: address(output), gradient: address(gradient), count: count,
        scale: undropped && appliedDropout ? 1 / (1 - configuration.dropout) : 1)
    case .backwardWeights(let operation, let parameters, let source, let gradient):
      operation.backwardWeights(
        address(source), address(gradient), into: arena + parameters.weight.range.lowerBound,
        biasGradient: parameters.bias.map { arena + $0.range.lowerBound }, scratch: scratch.base)
      finish(parameters, arena, ready)
    case .clearGradient(let parameters):
      (arena + parameters.weight.range.lowerBound).update(repeating: 0, count: parameters.weight.range.count)
      if let bias = parameters.bias { (arena + bias.range.lowerBound).update(repeating: 0, count: bias.range.count) }
      finish(parameters, arena, ready)
    case .backwardData(let operation, let parameters, let gradient, let sourceGradient):
      operation.backwardData(
        address(gradient), parameters.weights(in: memory), into: address(sourceGradient), scratch: scratch.base)
    case .poolBackward(let operation, let gradient, let workspace, let sourceGradient):
      operation.backward(address(gradient), workspace: address(workspace), into: address(sourceGradient))
    case .scale(let source, let factor, let destination, let count):
      backend.scale(address(source), by: factor, into: address(destination), count: count)
    case .add(let source, let destination, let count):
      backend.add(address(source), to: address(destination), count: count)
    case .uncrop(let gradient, let kept, let offset, let destination, let shape):
      backend.uncrop(
        address(gradient), height: kept.height, width: kept.width, offset: offset, into: address(destination),
        shape: shape)
    case .spreadOverPositions(let gradient, let destination, let shape):
      backend.spreadOverPositions(address(gradient), into: address(destination), shape: shape)
    default:
      preconditionFailure("no backward instruction")
    }
  }

  private func finish(
    _ parameters: LayerParameters, _ arena: UnsafeMutablePointer<Float>, _ ready: (Range<Int>) -> Void
  ) {
    for parameter in [parameters.weight, parameters.bias] {
      guard let range = parameter?.range else { continue }
      let gap = (16 - range.upperBound % 16) % 16
      (arena + range.upperBound).update(repeating: 0, count: gap)
      ready(range)
    }
  }

  /// The loss of one image of the last forward pass, without gradients: the same bits whatever the others are.
  ///
  /// - Parameter labels: those of that image.
  package func loss(
    ofImage image: Int = 0, labels: UnsafePointer<UInt16>, classWeights: [Float], ignoreLabel: UInt16
  ) -> LossOutcome {
    var shape = destination
    shape.images = 1
    return backend.softmaxCrossEntropy(
      logits: logitsPointer + image * shape.count, labels: labels, shape: shape, classWeights: classWeights,
      ignoreLabel: ignoreLabel, scale: 1, gradient: nil)
  }

  /// The likeliest class at each position of the logits after the last forward pass: [images, height, width].
  package func classes(into classes: UnsafeMutablePointer<UInt16>) {
    backend.argmax(logitsPointer, shape: destination, into: classes)
  }

  private var logitsPointer: UnsafePointer<Float> {
    precondition(activations.isClaimed(by: self), "another plan has run since this one's forward pass")
    return UnsafePointer(address(logits).assumingMemoryBound(to: Float.self))
  }

  private func address(_ buffer: BufferPlanner.Buffer) -> UnsafeMutableRawPointer {
    activations.base + placement.offset(of: buffer)
  }
}
