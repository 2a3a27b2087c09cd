import Basics
import Kernels

/// Turns a graph and an image size into instructions and buffers.
struct PlanBuilder {
  typealias Buffer = BufferPlanner.Buffer

  let graph: Graph
  let backend: any Backend
  let layers: [LayerParameters]
  let isTraining: Bool
  private(set) var shapes: [ActivationShape]
  /// Places an image for the regions of each head.
  private(set) var regions: [Graph.RegionHead: Int]

  private(set) var forward: [Instruction] = []
  private(set) var backward: [Instruction] = []
  private(set) var implementations: [(operation: String, implementation: String)] = []
  private(set) var scratchByteCount = 0
  /// In the order of the graph's outputs.
  private(set) var outputs: [Buffer]
  private var planner = BufferPlanner()
  /// Before the backward pass was planned.
  private var forwardPlanner = BufferPlanner()
  private var values: [Buffer]
  private var operations: [Int: any WeightedOperation] = [:]
  private var pools: [Int: (operation: any MaxPoolOperation, workspace: Buffer)] = [:]
  /// Of each value that has one so far.
  private var gradients: [Int: Buffer] = [:]
  /// Values that went through dropout.
  private var dropped: Set<Int> = []
  /// Values whose gradient somebody needs.
  private let wanted: Set<Int>
  /// How many steps of each layer have no gradient yet.
  private var missingUses: [Int: Int] = [:]

  init(
    graph: Graph, backend: any Backend, layers: [LayerParameters], images: Int, height: Int, width: Int, channels: Int,
    isTraining: Bool, regions: [Graph.RegionHead: Int] = [:]
  ) throws {
    self.graph = graph
    self.backend = backend
    self.layers = layers
    self.isTraining = isTraining
    self.regions = regions
    shapes = try graph.shapes(images: images, height: height, width: width, channels: channels, regions: regions)
    let type = backend.activationType
    let floatValue = graph.hasFloatOutput ? graph.logits : nil
    var planner = BufferPlanner()
    values = shapes.indices.map { [shapes] value in
      planner.makeBuffer(byteCount: shapes[value].byteCount(value == floatValue ? .float32 : type))
    }
    self.planner = planner
    outputs = graph.outputs.map { [values] in values[$0] }
    wanted = graph.valuesWithGradient
    try addForward(graph.steps.indices)
    forwardPlanner = self.planner
    if isTraining { addBackward() }
  }

  /// The same plan with fewer places for regions of the mask head, the last of the network: other operations in the same
  /// buffers, which are large enough.
  func withMaskPlaces(_ count: Int) throws -> PlanBuilder {
    precondition(count <= regions[.mask] ?? 0, "more places than the buffers are made for")
    var builder = self
    builder.regions[.mask] = count
    builder.shapes = try graph.shapes(
      images: shapes[0].images, height: shapes[0].height - 2 * graph.imagePadding,
      width: shapes[0].width - 2 * graph.imagePadding, channels: shapes[0].channels, regions: builder.regions)
    guard let start = forward.firstIndex(where: \.choosesMaskRegions),
      let firstStep = graph.steps.firstIndex(where: { $0.operation.choosesMaskRegions })
    else { preconditionFailure("a network without a mask head") }
    builder.forward.removeSubrange(start...)
    try builder.addForward(firstStep..<graph.steps.endIndex)
    (builder.planner, builder.backward, builder.gradients, builder.missingUses) = (forwardPlanner, [], [:], [:])
    if isTraining { builder.addBackward() }
    return builder
  }

  /// Places the buffers. Outputs stay until the next forward pass.
  func place() -> BufferPlanner.Placement {
    var planner = planner
    let all = forward + backward
    for (position, instruction) in all.enumerated() {
      for buffer in instruction.buffers { planner.touch(buffer, at: position) }
    }
    for output in outputs { planner.touch(output, at: all.count) }
    // A head may look at further regions of the same maps.
    if !isTraining {
      for case .roiAlign(_, _, let levels, _) in forward { for level in levels { planner.touch(level, at: all.count) } }
    }
    return planner.place()
  }

  // MARK: Forward

  private mutating func addForward(_ steps: Range<Int>) throws {
    if steps.lowerBound == 0 { forward.append(.load(into: values[0])) }
    for index in steps {
      let step = graph.steps[index]
      let source = values[step.source]
      let destination = values[step.destination]
      switch step.operation {
      case .convolution(let layer), .deconvolution(let layer, _, _):
        let operation = try makeOperation(step, layer)
        operations[index] = operation
        scratchByteCount = max(scratchByteCount, operation.scratchByteCount)
        implementations.append((layers[layer].name, operation.implementation))
        forward.append(.forward(operation, parameters(layer), source: source, destination: destination))
      case .maxPool(let window):
        let operation = try backend.maxPool(
          window, source: shapes[step.source], purpose: isTraining ? .training : .inference)
        let workspace = planner.makeBuffer(byteCount: operation.workspaceByteCount)
        pools[index] = (operation, workspace)
        forward.append(
          .poolForward(operation, source: source, destination: destination, workspace: workspace))
      case .dropout(let ordinal):
        guard isTraining else { continue }
        let shape = shapes[step.destination]
        dropped.insert(step.destination)
        forward.append(.dropout(destination, countPerImage: shape.count / shape.images, ordinal: ordinal))
      case .scale(let factor):
        forward.append(.scale(source, by: factor, into: destination, count: shapes[step.source].count))
      case .addCropped(let offset):
        forward.append(
          .addCropped(source, shapes[step.source], offset: offset, onto: destination, shapes[step.destination]))
      case .residual(let identity):
        forward.append(
          .addRectified(values[identity], to: destination, count: shapes[step.destination].count))
      case .globalAveragePool:
        forward.append(.globalAveragePool(source, shapes[step.source], into: destination))
      case .upsample:
        forward.append(.upsample(source, shapes[step.source], into: destination))
      case .subsample:
        forward.append(.subsample(source, shapes[step.source], into: destination))
      case .pixelShuffle(let layer):
        forward.append(.pixelShuffle(source, shapes[step.source], into: destination, bias: bias(layer)))
      case .roiAlign(let head, let levels, let size):
        let alignment = alignment(levels, size: size)
        forward.append(.roiAlign(head, alignment, levels.map { values[$0] }, into: destination))
      }
    }
  }

  private func bias(_ layer: Int) -> Parameter {
    guard let bias = layers[layer].bias else { preconditionFailure("\(layers[layer].name) has no bias") }
    return bias
  }

  private func alignment(_ levels: [Int], size: Int) -> RegionAlignment {
    // Each level has half the rows and columns of the one before; the finest is a quarter of the image's.
    RegionAlignment(
      levels: levels.enumerated().map { .init(shape: shapes[$1], scale: 0.25 / Float(1 << $0)) }, size: size)
  }

  private func makeOperation(_ step: Graph.Step, _ layer: Int) throws -> any WeightedOperation {
    guard var layout = layers[layer].weight.layout else { preconditionFailure("weights have a layout") }
    if let rearranged = layout as? RearrangedWeightLayout { layout = rearranged.inner }
    let purpose: OperationPurpose =
      !isTraining || !hasBackward(step)
      ? .inference : wanted.contains(step.source) ? .training : .trainingWithoutSourceGradient
    let source = shapes[step.source]
    if let product = graph.layers[layer].product(of: source) {
      return try backend.operation(
        for: product.convolution, source: product.source, layout: layout, purpose: purpose)
    }
    let deconvolution = graph.deconvolution(
      step, shapes, isLogits: graph.hasFloatOutput && step.destination == graph.logits)
    return try backend.operation(for: deconvolution, source: source, layout: layout, purpose: purpose)
  }

  // MARK: Backward

  private mutating func addBackward() {
    addOutputGradients()
    for case .convolution(let layer) in graph.steps.map(\.operation) { missingUses[layer, default: 0] += 1 }
    for (index, step) in graph.steps.enumerated().reversed() {
      guard hasBackward(step) else {
        addClearing(step)
        continue
      }
      guard let gradient = gradients[step.destination] else { preconditionFailure("a value that leads nowhere") }
      switch step.operation {
      case .convolution(let layer):
        if isRectified(layer), !isMaskedByPool(step.destination) { maskGradient(of: step.destination, gradient) }
        addLayerBackward(index, step, layer, gradient)
      case .deconvolution(let layer, _, _):
        addLayerBackward(index, step, layer, gradient)
      case .maxPool:
        // A window's maximum is positive exactly where its source is: masking here, on a quarter of the elements,
        // frees the source's buffer after the forward pass.
        maskGradient(of: step.destination, gradient)
        guard let pool = pools[index] else { continue }
        let sourceGradient = makeGradient(of: step.source)
        backward.append(
          .poolBackward(
            pool.operation, gradient: gradient, workspace: pool.workspace, sourceGradient: sourceGradient))
        accumulate(sourceGradient, to: step.source)
      case .dropout:
        // Comes with the rectification that was before it.
        continue
      case .scale(let factor):
        backward.append(.scale(gradient, by: factor, into: gradient, count: shapes[step.destination].count))
        accumulate(gradient, to: step.source)
      case .residual(let identity):
        maskGradient(of: step.destination, gradient)
        if wanted.contains(identity) { share(gradient, with: identity) }
      case .pixelShuffle(let layer):
        maskGradient(of: step.destination, gradient)
        if graph.isTrained(step) {
          backward.append(.biasGradient(gradient, shapes[step.destination], bias: bias(layer)))
        }
        addRearrangementBackward(step, gradient)
      case .addCropped, .globalAveragePool, .upsample, .subsample: addRearrangementBackward(step, gradient)
      case .roiAlign(let head, let levels, let size):
        addAlignBackward(head, levels, size, gradient)
      }
    }
  }

  /// Of an operation that only moves, repeats or averages its source's elements.
  private mutating func addRearrangementBackward(_ step: Graph.Step, _ gradient: Buffer) {
    let sourceGradient = makeGradient(of: step.source)
    let shape = shapes[step.source]
    switch step.operation {
    case .addCropped(let offset):
      backward.append(
        .cropBackward(gradient, shapes[step.destination], offset: offset, into: sourceGradient, shape))
    case .globalAveragePool: backward.append(.globalAveragePoolBackward(gradient, into: sourceGradient, shape))
    case .upsample: backward.append(.upsampleBackward(gradient, into: sourceGradient, shape))
    case .subsample: backward.append(.subsampleBackward(gradient, into: sourceGradient, shape))
    case .pixelShuffle: backward.append(.pixelUnshuffle(gradient, into: sourceGradient, shape))
    default: preconditionFailure("an operation of another kind")
    }
    accumulate(sourceGradient, to: step.source)
  }

  private mutating func addOutputGradients() {
    guard !graph.hasFloatOutput else {
      let gradient = makeGradient(of: graph.logits)
      backward.append(.loss(gradient: gradient))
      gradients[graph.logits] = gradient
      return
    }
    for (number, value) in graph.outputs.enumerated() {
      let gradient = makeGradient(of: value)
      let staging = planner.makeBuffer(byteCount: shapes[value].byteCount(.float32))
      backward.append(.outputGradient(number, shapes[value], staging: staging, gradient: gradient))
      gradients[value] = gradient
    }
  }

  private mutating func addAlignBackward(
    _ head: Graph.RegionHead, _ levels: [Int], _ size: Int, _ gradient: Buffer
  ) {
    let sums = levels.map { planner.makeBuffer(byteCount: shapes[$0].byteCount(.float32)) }
    backward.append(.roiAlignBackward(head, alignment(levels, size: size), gradient, sums: sums))
    for (level, sum) in zip(levels, sums) where wanted.contains(level) {
      let levelGradient = makeGradient(of: level)
      backward.append(.cast(sum, into: levelGradient, shapes[level]))
      accumulate(levelGradient, to: level)
    }
  }

  /// Weights first, so that their exchange between ranks can begin.
  private mutating func addLayerBackward(_ index: Int, _ step: Graph.Step, _ layer: Int, _ gradient: Buffer) {
    guard let operation = operations[index] else { preconditionFailure("a layer without an operation") }
    if graph.isTrained(step) {
      backward.append(
        .backwardWeights(
          operation, parameters(layer), source: values[step.source], gradient: gradient, sharing: sharing(of: layer)))
    } else {
      addClearing(step)
    }
    guard wanted.contains(step.source) else { return }
    let sourceGradient = makeGradient(of: step.source)
    backward.append(
      .backwardData(operation, parameters(layer), gradient: gradient, sourceGradient: sourceGradient))
    accumulate(sourceGradient, to: step.source)
  }

  /// Whether the backward pass has anything to do in a step: for its own layer, or for layers before it.
  private func hasBackward(_ step: Graph.Step) -> Bool {
    graph.isTrained(step) || step.sources.contains(where: wanted.contains)
  }

  /// A layer that is not trained has a gradient of zero, its bias too.
  private mutating func addClearing(_ step: Graph.Step) {
    switch step.operation {
    case .convolution(let layer), .deconvolution(let layer, _, _):
      if sharing(of: layer)?.isLast ?? true { backward.append(.clearGradient(layers[layer])) }
    default: break
    }
  }

  /// The bias of a layer that doubles rows and columns comes after them.
  private func parameters(_ layer: Int) -> LayerParameters {
    var parameters = layers[layer]
    if case .doubling = graph.layers[layer].kind { parameters.bias = nil }
    return parameters
  }

  /// - Returns: nil for a layer that one step has.
  private mutating func sharing(of layer: Int) -> Instruction.Sharing? {
    let uses = graph.steps.count {
      if case .convolution(layer) = $0.operation { true } else { false }
    }
    guard uses > 1, let missing = missingUses[layer] else { return nil }
    missingUses[layer] = missing - 1
    let count = layers[layer].weight.range.count + (layers[layer].bias?.range.count ?? 0)
    return Instruction.Sharing(
      staging: missing == uses || !graph.layers[layer].isTrained
        ? nil : planner.makeBuffer(byteCount: 4 * count), isLast: missing == 1)
  }

  private mutating func maskGradient(of value: Int, _ gradient: Buffer) {
    backward.append(
      .reluBackward(
        output: values[value], gradient: gradient, count: shapes[value].count, hasDropout: dropped.contains(value)))
  }

  private func isRectified(_ layer: Int) -> Bool {
    switch graph.layers[layer].kind {
    case .convolution(let convolution), .dense(let convolution): convolution.rectified
    case .deconvolution, .doubling: false
    }
  }

  /// Whether a pooling layer alone reads it, whose backward pass has masked the gradient already.
  private func isMaskedByPool(_ value: Int) -> Bool {
    let readers = graph.steps.filter { $0.source == value }
    guard readers.count == 1, case .maxPool = readers[0].operation else { return false }
    return true
  }

  private mutating func makeGradient(of value: Int) -> Buffer {
    planner.makeBuffer(byteCount: shapes[value].byteCount(backend.activationType))
  }

  /// The gradient of a sum is that of both its parts: it is not copied, so nothing may change it from here on.
  private mutating func share(_ gradient: Buffer, with value: Int) {
    if let earlier = gradients[value] {
      backward.append(.add(gradient, to: earlier, count: shapes[value].count))
    } else {
      gradients[value] = gradient
    }
  }

  /// A value that two steps read has the sum of their gradients.
  private mutating func accumulate(_ gradient: Buffer, to value: Int) {
    if let earlier = gradients[value] {
      backward.append(.add(earlier, to: gradient, count: shapes[value].count))
    }
    gradients[value] = gradient
  }
}
