import Basics

/// Gives every parameter its value before training: the backbone He-normal weights (He et al. 2015: deviation
/// sqrt(2 / inputs of a unit)), score layers and biases zero, upsampling bilinear.
///
/// Each parameter has its own sequence of numbers, chosen by its name: a layer that two architectures share starts the
/// same in both. The bits depend on the seed alone, not on the backend.
///
/// - Parameters:
///   - table: the network's parameters.
///   - configuration: of that network.
///   - master: `table.floatCount` floats, all overwritten.
package func initialise(
  _ table: ParameterTable, configuration: ModelConfiguration, seed: UInt64, into master: UnsafeMutablePointer<Float>
) {
  master.update(repeating: 0, count: table.floatCount)
  for layer in GraphBuilder.graph(for: configuration).layers {
    guard let weight = table[layer.name + "/weight"], layer.start != .zero else { continue }
    let values =
      layer.start == .bilinear
      ? BilinearKernel.weights(channels: weight.canonicalShape[0], size: weight.canonicalShape[2])
      : heNormal(weight, seed: seed)
    values.withUnsafeBufferPointer { if let base = $0.baseAddress { weight.importCanonical(base, into: master) } }
  }
}

private func heNormal(_ weight: Parameter, seed: UInt64) -> [Float] {
  let inputs = weight.canonicalShape.dropFirst().reduce(1, *)
  let stream = UInt64(CRC32C.checksum(Array(weight.name.utf8)))
  let generator = Philox(seed: seed, purpose: .initialisation, stream: stream)
  return [Float](unsafeUninitializedCapacity: weight.canonicalCount) { buffer, count in
    count = weight.canonicalCount
    NormalNumbers.fill(
      UnsafeMutableBufferPointer(rebasing: buffer[..<count]), from: generator,
      deviation: (2 / Float(inputs)).squareRoot())
  }
}
