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
  /// By number of places, the most last.
  private let variants: [PlanVariant]
  private(set) var current: PlanVariant
  private let placement: BufferPlanner.Placement
  private let outputBuffers: [BufferPlanner.Buffer]
  /// [images, height, width, channels] of every output of the graph.
  package var outputShapes: [ActivationShape] { current.outputShapes }
  /// The regions of each head; those who choose them write into these. The mask head's are others after
  /// `chooseMaskPlaces`.
  package var regions: [Graph.RegionHead: RegionTable] { current.regions }
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
    // In evaluation an image must not depend on those beside it: always the same places.
    let fewer = builder.isTraining ? PlanVariant.maskPlaces(below: builder.regions[.mask] ?? 0) : []
    let smaller = try fewer.map { try builder.withMaskPlaces($0) }
    scratchByteCount = (smaller + [builder]).map(\.scratchByteCount).max() ?? 0
    let boxes = try builder.regions[.box].map { try RegionTable(images: builder.shapes[0].images, countPerImage: $0) }
    current = try PlanVariant(builder, boxes: boxes)
    variants = try smaller.map { try PlanVariant($0, boxes: boxes) } + [current]
    backend = builder.backend
    self.configuration = configuration
    imageShape = ActivationShape(
      images: builder.shapes[0].images, height: height, width: width, channels: configuration.channels)
    imagePadding = builder.graph.imagePadding
    placement = builder.place()
    activationByteCount = placement.byteCount
    outputBuffers = builder.outputs
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
  ///   - chooseRegions: called before a head looks at its regions, to write `regions` from the outputs that there are.
  /// - Returns: logits (`destination`), valid until the next forward pass of any plan.
  @discardableResult
  package func forward(
    _ pixels: UnsafePointer<Float>, _ memory: ParameterMemory, dropoutKeys: [UInt64]?,
    chooseRegions: (Graph.RegionHead) -> Void = { _ in }
  ) -> UnsafePointer<Float> {
    precondition(dropoutKeys == nil || dropoutKeys?.count == images, "one dropout key per image")
    self.memory = memory
    activations.claim(for: self)
    appliedDropout = isTraining && dropoutKeys != nil
    for position in current.forward.indices {
      if case .roiAlign(let head, _, _, _) = current.forward[position] { chooseRegions(head) }
      run(current.forward[position], pixels, memory, dropoutKeys)
    }
    return logitsPointer
  }

  /// Selects the smallest variant of the mask head that holds `count` regions an image, else the largest. To be called before `regions` of the mask head are written, while regions are chosen or before `forwardMaskHead`.
  package func chooseMaskPlaces(_ count: Int) {
    guard let variant = variants.first(where: { $0.maskPlaces >= count }) ?? variants.last else { return }
    current = variant
  }

  /// Runs the last head again on other regions of the same images. Not for training.
  package func forwardMaskHead() {
    guard !isTraining, let memory else { preconditionFailure("a plan for inference, after a forward pass") }
    precondition(activations.isClaimed(by: self), "another plan has run since this one's forward pass")
    let start = current.forward.firstIndex(where: \.choosesMaskRegions) ?? current.forward.endIndex
    for instruction in current.forward[start...] { run(instruction, nil, memory, nil) }
  }

  private func run(
    _ instruction: Instruction, _ pixels: UnsafePointer<Float>?, _ memory: ParameterMemory, _ dropoutKeys: [UInt64]?
  ) {
    switch instruction {
    case .load(let image):
      guard let pixels else { return }
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
    case .addRectified(let source, let destination, let count):
      backend.addRectified(address(source), to: address(destination), count: count)
    case .globalAveragePool(let source, let shape, let destination):
      backend.globalAveragePool(
        address(source), shape: shape, into: address(destination).assumingMemoryBound(to: Float.self))
    case .upsample(let source, let shape, let destination):
      backend.upsample(address(source), shape: shape, into: address(destination))
    case .subsample(let source, let shape, let destination):
      backend.subsample(address(source), shape: shape, into: address(destination))
    case .pixelShuffle(let source, let shape, let destination, let bias):
      backend.pixelShuffle(address(source), shape: shape, into: address(destination))
      let shuffled = ActivationShape(
        images: shape.images, height: 2 * shape.height, width: 2 * shape.width, channels: shape.channels / 4)
      backend.addBias(memory.master + bias.range.lowerBound, to: address(destination), shape: shuffled, rectified: true)
    case .roiAlign(let head, let alignment, let levels, let destination):
      backend.roiAlign(
        levels.map { UnsafeRawPointer(address($0)) }, alignment, table(of: head), into: address(destination))
    default:
      preconditionFailure("no forward instruction")
    }
  }

  private func table(of head: Graph.RegionHead) -> RegionTable {
    guard let table = regions[head] else { preconditionFailure("a head without regions") }
    return table
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
    for instruction in current.backward {
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

  /// The gradient of every parameter, given that of the logits. Only for training plans of one output.
  ///
  /// - Parameters:
  ///   - gradient, ready: as above.
  ///   - logitsGradient: takes the logits of the last forward pass, and gives their gradient, float32 in their shape.
  package func backward(
    into gradient: UnsafeMutablePointer<Float>, ready: (Range<Int>) -> Void = { _ in },
    logitsGradient: (UnsafePointer<Float>) -> UnsafePointer<Float>
  ) {
    guard isTraining, let memory else { preconditionFailure("backward needs a training plan and a forward pass") }
    for instruction in current.backward {
      if case .loss(let target) = instruction {
        backend.load(logitsGradient(logitsPointer), shape: destination, padding: 0, into: address(target))
      } else {
        runBackward(instruction, memory, gradient, ready)
      }
    }
  }

  /// The gradient of every parameter, given that of every output. Only for training plans of several outputs.
  ///
  /// - Parameters:
  ///   - gradient, ready: as above.
  ///   - outputGradient: writes the gradient of an output, float32 in its shape, all of it.
  package func backward(
    into gradient: UnsafeMutablePointer<Float>, ready: (Range<Int>) -> Void = { _ in },
    outputGradient: (Int, UnsafeMutablePointer<Float>) -> Void
  ) {
    guard isTraining, let memory else { preconditionFailure("backward needs a training plan and a forward pass") }
    for instruction in current.backward {
      if case .outputGradient(let output, let shape, let staging, let gradient) = instruction {
        let floats = address(staging).assumingMemoryBound(to: Float.self)
        outputGradient(output, floats)
        backend.load(floats, shape: shape, padding: 0, into: address(gradient))
      } else {
        runBackward(instruction, memory, gradient, ready)
      }
    }
  }

  /// An output of the last forward pass as float32, in its shape.
  package func read(output: Int, into values: UnsafeMutablePointer<Float>) {
    precondition(activations.isClaimed(by: self), "another plan has run since this one's forward pass")
    backend.readFloats(address(outputBuffers[output]), count: outputShapes[output].count, into: values)
  }

  /// The same in an array of its own.
  package func floats(ofOutput output: Int) -> [Float] {
    let count = outputShapes[output].count
    return [Float](unsafeUninitializedCapacity: count) { buffer, filled in
      if let base = buffer.baseAddress { read(output: output, into: base) }
      filled = count
    }
  }

  private func runBackward(
    _ instruction: Instruction, _ memory: ParameterMemory, _ arena: UnsafeMutablePointer<Float>,
    _ ready: (Range<Int>) -> Void
  ) {
    switch instruction {
    case .reluBackward(let output, let gradient, let count, let hasDropout):
      backend.reluBackward(
        output: address(output), gradient: address(gradient), count: count,
        scale: hasDropout && appliedDropout ? 1 / (1 - configuration.dropout) : 1)
    case .backwardWeights(let operation, let parameters, let source, let gradient, let sharing):
      let weights = parameters.weight.range
      let staging = sharing?.staging.map { address($0).assumingMemoryBound(to: Float.self) }
      operation.backwardWeights(
        address(source), address(gradient), into: staging ?? arena + weights.lowerBound,
        biasGradient: parameters.bias.map { staging.map { $0 + weights.count } ?? arena + $0.range.lowerBound },
        scratch: scratch.base)
      if let staging { Self.add(staging, to: arena, parameters) }
      parameters.fold?.scaleGradient(
        arena + weights.lowerBound, memory.prepared + parameters.weight.preparedRange.lowerBound)
      if sharing?.isLast ?? true { finish(parameters, arena, ready) }
    case .clearGradient(let parameters):
      for one in [parameters.weight, parameters.bias].compactMap({ $0 }) {
        (arena + one.range.lowerBound).update(repeating: 0, count: one.range.count)
      }
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
    case .cropBackward(let gradient, let kept, let offset, let destination, let shape):
      backend.cropBackward(
        address(gradient), height: kept.height, width: kept.width, offset: offset, into: address(destination),
        shape: shape)
    case .globalAveragePoolBackward(let gradient, let destination, let shape):
      backend.globalAveragePoolBackward(address(gradient), into: address(destination), shape: shape)
    default: runPyramidBackward(instruction, arena, ready)
    }
  }

  private func runPyramidBackward(
    _ instruction: Instruction, _ arena: UnsafeMutablePointer<Float>, _ ready: (Range<Int>) -> Void
  ) {
    switch instruction {
    case .upsampleBackward(let gradient, let destination, let shape):
      backend.upsampleBackward(address(gradient), into: address(destination), shape: shape)
    case .subsampleBackward(let gradient, let destination, let shape):
      backend.subsampleBackward(address(gradient), into: address(destination), shape: shape)
    case .biasGradient(let gradient, let shape, let bias):
      backend.sumOverPixels(address(gradient), shape: shape, into: arena + bias.range.lowerBound)
      finish(bias, arena, ready)
    case .pixelUnshuffle(let gradient, let destination, let shape):
      backend.pixelUnshuffle(address(gradient), into: address(destination), shape: shape)
    case .roiAlignBackward(let head, let alignment, let gradient, let sums):
      backend.roiAlignBackward(
        address(gradient), alignment, table(of: head),
        into: sums.map { address($0).assumingMemoryBound(to: Float.self) })
    case .cast(let source, let destination, let shape):
      backend.load(
        address(source).assumingMemoryBound(to: Float.self), shape: shape, padding: 0, into: address(destination))
    default:
      preconditionFailure("no backward instruction")
    }
  }

  /// Adds a further gradient of a shared layer: weights, then bias.
  private static func add(
    _ staging: UnsafePointer<Float>, to arena: UnsafeMutablePointer<Float>, _ parameters: LayerParameters
  ) {
    var next = staging
    for range in [parameters.weight.range, parameters.bias?.range].compactMap({ $0 }) {
      for i in 0..<range.count { arena[range.lowerBound + i] += next[i] }
      next += range.count
    }
  }

  private func finish(
    _ parameters: LayerParameters, _ arena: UnsafeMutablePointer<Float>, _ ready: (Range<Int>) -> Void
  ) {
    for vector in parameters.normalization {
      (arena + vector.range.lowerBound).update(repeating: 0, count: vector.range.count)
    }
    for parameter in parameters.all { finish(parameter, arena, ready) }
  }

  private func finish(
    _ parameter: Parameter, _ arena: UnsafeMutablePointer<Float>, _ ready: (Range<Int>) -> Void
  ) {
    let range = parameter.range
    (arena + range.upperBound).update(repeating: 0, count: (16 - range.upperBound % 16) % 16)
    ready(range)
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
    return UnsafePointer(address(outputBuffers[0]).assumingMemoryBound(to: Float.self))
  }

  private func address(_ buffer: BufferPlanner.Buffer) -> UnsafeMutableRawPointer {
    activations.base + placement.offset(of: buffer)
  }
}
