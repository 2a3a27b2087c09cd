import Kernels

/// Where a layer's parameters are in the arenas.
struct LayerParameters {
  var name: String
  var weight: Parameter
  var bias: Parameter?
  /// Of the frozen batch normalisation that the layer ends in: weight, bias, running mean and variance.
  var normalization: [Parameter] = []
  /// How that is folded into the weights.
  var fold: FoldedWeights?

  /// All of them.
  var all: [Parameter] { [weight] + [bias].compactMap { $0 } + normalization }

  func weights(in memory: ParameterMemory) -> LayerWeights {
    if let fold { return fold.weights(memory.prepared + weight.preparedRange.lowerBound) }
    return LayerWeights(
      master: UnsafePointer(memory.master + weight.range.lowerBound),
      prepared: UnsafeRawPointer(memory.prepared + weight.preparedRange.lowerBound),
      bias: bias.map { UnsafePointer(memory.master + $0.range.lowerBound) })
  }

  var preparedByteCount: Int { weight.preparedRange.count }
  var preparationPieces: Int { fold?.preparationPieces ?? weight.layout?.preparationPieces ?? 0 }

  /// Makes a part of the compute copies.
  func prepare(_ memory: ParameterMemory, pieces: Range<Int>, scratch: UnsafeMutableRawPointer) {
    let prepared = memory.prepared + weight.preparedRange.lowerBound
    let master = UnsafePointer(memory.master + weight.range.lowerBound)
    guard let fold else {
      weight.layout?.prepare(master, into: prepared, pieces: pieces, scratch: scratch)
      return
    }
    let vectors = normalization.map { UnsafePointer(memory.master + $0.range.lowerBound) }
    fold.prepare(
      master, NormalizationVectors(weight: vectors[0], bias: vectors[1], mean: vectors[2], variance: vectors[3]),
      into: prepared, pieces: pieces, scratch: scratch)
  }
}
