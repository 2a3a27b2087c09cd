import Kernels

/// One weighted layer of a plan by itself: for measuring what it costs without the rest.
package struct LayerOperation {
  package let operation: any WeightedOperation
  /// Whether the plan's backward pass asks it for the gradient of its weights, and of its source.
  package let hasWeightGradient: Bool
  package let hasSourceGradient: Bool
  private let parameters: LayerParameters

  init(_ operation: any WeightedOperation, _ parameters: LayerParameters, isShared: Bool, backward: [Instruction]) {
    name = isShared ? "\(parameters.name) \(operation.source.height)x\(operation.source.width)" : parameters.name
    self.operation = operation
    self.parameters = parameters
    hasWeightGradient = backward.contains {
      if case .backwardWeights(let other, _, _, _, _) = $0 { other === operation } else { false }
    }
    hasSourceGradient = backward.contains {
      if case .backwardData(let other, _, _, _) = $0 { other === operation } else { false }
    }
  }

  /// The layer's; with the size of the map where several maps share it.
  package let name: String
  /// Floats of an arena.
  package var weightRange: Range<Int> { parameters.weight.range }
  /// nil where the operation adds none.
  package var biasRange: Range<Int>? { parameters.bias?.range }
  /// The layer's compute copies and master weights.
  package func weights(in memory: ParameterMemory) -> LayerWeights { parameters.weights(in: memory) }

  /// Multiplications of one pass, each with an addition; those with the padding's zeros are counted too.
  package var multiplicationCount: Int {
    let isDeconvolution = parameters.bias == nil && parameters.fold == nil
    return (isDeconvolution ? operation.source : operation.destination).pixelCount * parameters.weight.canonicalCount
  }
}

extension Plan {
  /// The layers with weights, in forward order.
  package var layerOperations: [LayerOperation] {
    let layers = current.forward.compactMap { instruction -> (any WeightedOperation, LayerParameters)? in
      guard case .forward(let operation, let parameters, _, _) = instruction else { return nil }
      return (operation, parameters)
    }
    let counts = Dictionary(layers.map { ($0.1.name, 1) }, uniquingKeysWith: +)
    return layers.map { operation, parameters in
      LayerOperation(
        operation, parameters, isShared: counts[parameters.name, default: 1] > 1, backward: current.backward)
    }
  }
}
