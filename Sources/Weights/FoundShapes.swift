/// The shapes of what was found in a file: which layers are whole.
struct FoundShapes {
  typealias Target = LayerNames.Target

  let shapes: [Target: [Int]]

  /// Why a layer cannot be taken whole; nil where it can.
  func incompleteness(of layer: String) -> String? {
    if DetectorNames.isNormalization(layer) { return normalizationProblem(layer) }
    guard let weight = shapes[Target(layer: layer, part: .weight)] else { return "\(layer) has no weight" }
    if let normalization = DetectorNames.normalization(of: layer) {
      if let problem = normalizationProblem(normalization) { return problem }
      let count = shapes[Target(layer: normalization, part: .weight)]?[0]
      return count == weight[0]
        ? nil : "\(layer) has \(weight[0]) outputs and \(normalization) \(count ?? 0)"
    }
    // The upsampling layers have none.
    if layer.hasPrefix("upscore") { return nil }
    guard let bias = shapes[Target(layer: layer, part: .bias)] else { return "\(layer) has no bias" }
    let outputs = layer == "mask_deconv" ? weight[1] : weight[0]
    return bias[0] == outputs ? nil : "\(layer) has \(outputs) outputs and \(bias[0]) biases"
  }

  private func normalizationProblem(_ layer: String) -> String? {
    let parts: [Target.Part] = [.weight, .bias, .runningMean, .runningVariance]
    let counts = parts.map { shapes[Target(layer: layer, part: $0)]?[0] }
    if let missing = zip(parts, counts).first(where: { $1 == nil }) {
      return "\(layer) has no \(missing.0.rawValue): convolutions of ResNet-50 end in a normalisation"
    }
    return Set(counts).count == 1 ? nil : "\(layer) has vectors of different lengths"
  }
}
