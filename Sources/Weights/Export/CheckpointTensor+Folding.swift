import Checkpoints

extension CheckpointTensor {
  /// This weight and the frozen batch normalisation behind it as a weight and a bias.
  ///
  /// - Parameter vectors: weight, bias, running mean and variance.
  func folded(_ vectors: [CheckpointTensor], epsilon: Float, layer: String) -> [CheckpointTensor] {
    func scales() throws -> [Float] {
      zip(try vectors[0].values(), try vectors[3].values()).map { $0 / ($1 + epsilon).squareRoot() }
    }
    let scaled = CheckpointTensor(name: "\(layer)/weight", shape: shape) { buffer in
      let (scales, values) = (try scales(), try self.values())
      let row = values.count / scales.count
      for (index, value) in values.enumerated() { buffer[index] = value * scales[index / row] }
    }
    let bias = CheckpointTensor(name: "\(layer)/bias", shape: [shape[0]]) { buffer in
      let (scales, bias, mean) = (try scales(), try vectors[1].values(), try vectors[2].values())
      for index in scales.indices { buffer[index] = bias[index] - mean[index] * scales[index] }
    }
    return [scaled, bias]
  }
}
