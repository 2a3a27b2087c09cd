import Basics
import Detection
import Kernels

/// A network on a backend: its parameters' places, and plans to run it.
package final class Network {
  package let configuration: ModelConfiguration
  package let backend: any Backend
  package let parameters: ParameterTable

  private let graph: Graph
  /// Places an image for the regions of each head, in training and not.
  private let regions: [Bool: [Graph.RegionHead: Int]]
  private let layers: [LayerParameters]
  private let activations = Arena()
  private let scratch = Arena()
  /// Oldest use first.
  private var plans: [(key: PlanKey, plan: Plan)] = []
  private let planCapacity: Int

  private struct PlanKey: Equatable {
    var images: Int
    var height: Int
    var width: Int
    var isTraining: Bool
  }

  /// - Parameters:
  ///   - reference: a typical batch, for which the weights' layouts are chosen.
  ///   - frozen: layers that are not trained, by name.
  ///   - planCapacity: how many plans are kept for image sizes that come back.
  /// - Throws: `Failure` when the configuration is invalid or the backend can't run it.
  package init(
    _ configuration: ModelConfiguration, backend: any Backend,
    reference: (images: Int, height: Int, width: Int), frozen: Set<String> = [], planCapacity: Int = 16
  ) throws {
    try configuration.validate()
    self.configuration = configuration
    self.backend = backend
    self.planCapacity = max(1, planCapacity)
    var graph = GraphBuilder.graph(for: configuration)
    graph.freeze(frozen)
    self.graph = graph
    regions = [true: Self.regions(configuration, training: true), false: Self.regions(configuration, training: false)]
    let shapes = try graph.shapes(
      images: reference.images, height: reference.height, width: reference.width, channels: configuration.channels,
      regions: Self.regions(configuration, training: true))
    let layouts = try Self.layouts(of: graph, shapes, backend)
    let folds = Self.folds(of: graph, layouts)
    let table = ParameterTable(layers: graph.layers, layouts: layouts, folds: folds)
    parameters = table
    layers = graph.layers.enumerated().map { index, layer in
      guard let weight = table[layer.name + "/weight"] else { preconditionFailure("every layer has weights") }
      let vectors = layer.normalization.map { one in one.vectors.compactMap { table["\(one.name)/\($0.name)"] } }
      return LayerParameters(
        name: layer.name, weight: weight, bias: table[layer.name + "/bias"], normalization: vectors ?? [],
        fold: folds[index])
    }
    try scratch.reserve(byteCount: (layouts.map(\.preparationScratchByteCount).max() ?? 0) + 64 << 10)
  }

  /// A network's layers in forward order, and whether a training updates them.
  package static func layers(of configuration: ModelConfiguration) -> [(name: String, isUpdated: Bool)] {
    GraphBuilder.graph(for: configuration).layers.map { ($0.name, $0.isUpdated) }
  }

  private static func folds(of graph: Graph, _ layouts: [any WeightLayout]) -> [Int: FoldedWeights] {
    var folds: [Int: FoldedWeights] = [:]
    for (index, layer) in graph.layers.enumerated() {
      guard let normalization = layer.normalization else { continue }
      folds[index] = FoldedWeights(
        layouts[index], outputs: layer.weightShape[0], epsilon: normalization.epsilon)
    }
    return folds
  }

  private static func layouts(
    of graph: Graph, _ shapes: [ActivationShape], _ backend: any Backend
  ) throws -> [any WeightLayout] {
    // By layer: steps may share one, whose first place decides.
    var layouts: [Int: any WeightLayout] = [:]
    for step in graph.steps {
      switch step.operation {
      case .convolution(let layer):
        let source = shapes[step.source]
        guard layouts[layer] == nil, let product = graph.layers[layer].product(of: source) else { continue }
        let layout = try backend.layout(of: product.convolution, reference: product.source)
        layouts[layer] = graph.layers[layer].rearrangement.map { RearrangedWeightLayout(layout, $0) } ?? layout
      case .deconvolution(let layer, _, _):
        let isLogits = graph.hasFloatOutput && step.destination == graph.logits
        let deconvolution = graph.deconvolution(step, shapes, isLogits: isLogits)
        layouts[layer] = try backend.layout(of: deconvolution, reference: shapes[step.source])
      default: continue
      }
    }
    return graph.layers.indices.compactMap { layouts[$0] }
  }

  private static func regions(_ configuration: ModelConfiguration, training: Bool) -> [Graph.RegionHead: Int] {
    guard configuration.architecture.task == .instances else { return [:] }
    let counts = training ? configuration.detection.trainingRegions : configuration.detection.testRegions
    return [.box: counts.boxes, .mask: counts.masks]
  }

  /// Makes the compute copies of the masters: a share of about 1 / `pieces` of the work, so that the ranks of a machine
  /// can do it together. Every piece in 0 ..< `pieces` has to be done by somebody.
  package func prepare(_ memory: ParameterMemory, piece: Int, of pieces: Int) {
    let total = layers.reduce(0) { $0 + $1.preparedByteCount }
    // Units of equal bytes within a layer go to the rank in whose share of all bytes they start.
    var start = 0
    for layer in layers {
      guard layer.preparedByteCount > 0 else { continue }
      let units = layer.preparationPieces
      func firstUnit(from share: Int) -> Int {
        let wanted = total * share / pieces - start
        return min(units, max(0, (wanted * units + layer.preparedByteCount - 1) / layer.preparedByteCount))
      }
      let range = firstUnit(from: piece)..<(piece + 1 == pieces ? units : firstUnit(from: piece + 1))
      if !range.isEmpty { layer.prepare(memory, pieces: range, scratch: scratch.base) }
      start += layer.preparedByteCount
    }
  }

  /// The plan for a batch of that shape, made if it is not kept.
  ///
  /// - Throws: `Failure` when the images are too small for the network or memory does not suffice.
  package func plan(images: Int, height: Int, width: Int, training: Bool) throws -> Plan {
    let key = PlanKey(images: images, height: height, width: width, isTraining: training)
    if let index = plans.firstIndex(where: { $0.key == key }) {
      let entry = plans.remove(at: index)
      plans.append(entry)
      try entry.plan.reserveMemory()
      return entry.plan
    }
    let builder = try planBuilder(images, height, width, training)
    let plan = try Plan(
      builder, configuration: configuration, height: height, width: width, activations: activations, scratch: scratch)
    if plans.count == planCapacity { plans.removeFirst() }
    plans.append((key, plan))
    return plan
  }

  /// Bytes that a plan for a batch of that shape takes for activations and scratch; none is taken here.
  ///
  /// - Throws: `Failure` when the images are too small for the network.
  package func byteCount(images: Int, height: Int, width: Int, training: Bool) throws -> Int {
    let builder = try planBuilder(images, height, width, training)
    return builder.place().byteCount + builder.scratchByteCount
  }

  private func planBuilder(_ images: Int, _ height: Int, _ width: Int, _ isTraining: Bool) throws -> PlanBuilder {
    try PlanBuilder(
      graph: graph, backend: backend, layers: layers, images: images, height: height, width: width,
      channels: configuration.channels, isTraining: isTraining, regions: regions[isTraining] ?? [:])
  }
}
