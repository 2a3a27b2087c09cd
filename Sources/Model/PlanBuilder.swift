import Basics
import Kernels

/// Turns a graph and an image size into instructions and buffers.
struct PlanBuilder {
  typealias Buffer = BufferPlanner.Buffer

  let graph: Graph
  let backend: any Backend
  let layers: [LayerParameters]
  let isTraining: Bool
  let shapes: [ActivationShape]

  private(set) var forward: [Instruction] = []
  private(set) var backward: [Instruction] = []
  private(set) var implementations: [(operation: String, implementation: String)] = []
  private(set) var scratchByteCount = 0
  private(set) var logits: Buffer
  private var planner = BufferPlanner()
  private var values: [Buffer]
  private var operations: [Int: any WeightedOperation] = [:]
  private var pools: [Int: (operation: any MaxPoolOperation, workspace: Buffer)] = [:]
  /// Of each value that has one so far.
  private var gradients: [Int: Buffer] = [:]
  /// Values that went through dropout.
  private var dropped: Set<Int> = []

  init(
    graph: Graph, backend: any Backend, layers: [LayerParameters], images: Int, height: Int, width: Int, channels: Int,
    isTraining: Bool
  ) throws {
    self.graph = graph
    self.backend = backend
    self.layers = layers
    self.isTraining = isTraining
    shapes = try graph.shapes(images: images, height: height, width: width, channels: channels)
    let type = backend.activationType
    var planner = BufferPlanner()
    values = shapes.indices.map { [shapes] value in
      planner.makeBuffer(byteCount: shapes[value].byteCount(value == graph.logits ? .float32 : type))
    }
    self.planner = planner
    logits = values[graph.logits]
    try addForward()
    if isTraining { addBackward() }
  }

  /// Places the buffers. Logits stay until the next forward pass.
  func place() -> BufferPlanner.Placement {
    var planner = planner
    let all = forward + backward
    for (position, instruction) in all.enumerated() {
      for buffer in instruction.buffers { planner.touch(buffer, at: position) }
    }
    planner.touch(logits, at: all.count)
    return planner.place()
  }

  // MARK: Forward

  private mutating func addForward() throws {
    forward.append(.load(into: values[0]))
    for (index, step) in graph.steps.enumerated() {
      let source = values[step.source]
      let destination = values[step.destination]
      switch step.operation {
      case .convolution(let layer), .deconvolution(let layer, _, _):
        let operation = try makeOperation(step, layer)
        operations[index] = operation
        scratchByteCount = max(scratchByteCount, operation.scratchByteCount)
        implementations.append((layers[layer].name, operation.implementation))
        forward.append(.forward(operation, layers[layer], source: source, destination: destination))
      case .maxPool:
        let operation = try backend.maxPool(
          source: shapes[step.source], purpose: isTraining ? .training : .inference)
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
      case .meanOverPositions:
        forward.append(.meanOverPositions(source, shapes[step.source], into: destination))
      }
    }
  }

  private func makeOperation(_ step: Graph.Step, _ layer: Int) throws -> any WeightedOperation {
    guard let layout = layers[layer].weight.layout else { preconditionFailure("weights have a layout") }
    let purpose: OperationPurpose =
      !isTraining ? .inference : step.source == 0 ? .trainingWithoutSourceGradient : .training
    let source = shapes[step.source]
    switch graph.layers[layer].kind {
    case .convolution(let convolution):
      return try backend.operation(for: convolution, source: source, layout: layout, purpose: purpose)
    case .deconvolution:
      let deconvolution = graph.deconvolution(step, shapes, isLogits: step.destination == graph.logits)
      return try backend.operation(for: deconvolution, source: source, layout: layout, purpose: purpose)
    }
  }

  // MARK: Backward

  private mutating func addBackward() {
    let gradient = makeGradient(of: graph.logits)
    backward.append(.loss(gradient: gradient))
    gradients[graph.logits] = gradient
    for (index, step) in graph.steps.enumerated().reversed() {
      guard let gradient = gradients[step.destination] else { preconditionFailure("a value that leads nowhere") }
      switch step.operation {
      case .convolution(let layer):
        if isRectified(layer), !isPooled(step.destination) { maskGradient(of: step.destination, gradient) }
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
        gradients[step.source] = sourceGradient
      case .dropout:
        // Comes with the rectification that was before it.
        continue
      case .scale(let factor):
        backward.append(.scale(gradient, by: factor, into: gradient, count: shapes[step.destination].count))
        accumulate(gradient, to: step.source)
      case .addCropped(let offset):
        let sourceGradient = makeGradient(of: step.source)
        backward.append(
          .uncrop(
            gradient, shapes[step.destination], offset: offset, into: sourceGradient, shapes[step.source]))
        accumulate(sourceGradient, to: step.source)
      case .meanOverPositions:
        let sourceGradient = makeGradient(of: step.source)
        backward.append(.spreadOverPositions(gradient, into: sourceGradient, shapes[step.source]))
        accumulate(sourceGradient, to: step.source)
      }
    }
  }

  /// Weights first, so that their exchange between ranks can begin.
  private mutating func addLayerBackward(_ index: Int, _ step: Graph.Step, _ layer: Int, _ gradient: Buffer) {
    guard let operation = operations[index] else { preconditionFailure("a layer without an operation") }
    if graph.layers[layer].isUpdated {
      backward.append(
        .backwardWeights(operation, layers[layer], source: values[step.source], gradient: gradient))
    } else {
      backward.append(.clearGradient(layers[layer]))
    }
    guard step.source != 0 else { return }
    let sourceGradient = makeGradient(of: step.source)
    backward.append(
      .backwardData(operation, layers[layer], gradient: gradient, sourceGradient: sourceGradient))
    accumulate(sourceGradient, to: step.source)
  }

  private mutating func maskGradient(of value: Int, _ gradient: Buffer) {
    backward.append(
      .reluBackward(
        output: values[value], gradient: gradient, count: shapes[value].count, undropped: dropped.contains(value)))
  }

  private func isRectified(_ layer: Int) -> Bool {
    guard case .convolution(let convolution) = graph.layers[layer].kind else { return false }
    return convolution.rectified
  }

  private func isPooled(_ value: Int) -> Bool {
    graph.steps.contains {
      guard case .maxPool = $0.operation else { return false }
      return $0.source == value
    }
  }

  private mutating func makeGradient(of value: Int) -> Buffer {
    planner.makeBuffer(byteCount: shapes[value].byteCount(backend.activationType))
  }

  /// A value that two steps read has the sum of their gradients.
  private mutating func accumulate(_ gradient: Buffer, to value: Int) {
    if let earlier = gradients[value] {
      backward.append(.add(earlier, to: gradient, count: shapes[value].count))
    }
    gradients[value] = gradient
  }
}
