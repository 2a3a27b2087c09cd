import Basics
import Collectives
import Kernels
import Model
import Training

/// Every weighted layer of a plan run alone, forward and backward: nothing that trains with this backend is faster than
/// their sum.
package final class LayerBenchmark {
  /// A direction of a layer, as oneDNN names them.
  package enum Pass: String, CaseIterable, Sendable {
    case forward
    case backwardData = "backward data"
    case backwardWeights = "backward weights"
  }

  package let layers: [LayerOperation]
  package var rankCount: Int { group.size }
  private let memory: ParameterMemory
  private let gradient: UnsafeMutablePointer<Float>
  private let group: any ProcessGroup
  /// source, destination, and the gradients of both
  private let activations: [MemoryRegion]
  private let scratch: MemoryRegion

  /// - Parameters:
  ///   - memory: prepared parameters.
  ///   - gradient: an arena for weight gradients, overwritten.
  package init(
    _ plan: Plan, memory: ParameterMemory, gradient: UnsafeMutablePointer<Float>, group: any ProcessGroup
  ) throws {
    layers = plan.layerOperations
    self.memory = memory
    self.gradient = gradient
    self.group = group
    // Backends read and write a little beyond the scratch memory they ask for.
    scratch = try MemoryRegion(byteCount: (layers.map(\.operation.scratchByteCount).max() ?? 0) + 64 << 10)
    let counts = [
      layers.map(\.operation.source.count).max() ?? 0, layers.map(\.operation.destination.count).max() ?? 0,
    ]
    activations = try (counts + counts).map { try MemoryRegion(byteCount: 4 * $0) }
    for region in activations { Self.fill(region) }
  }

  /// Numbers of either sign and of about 1, whether they are read as float32 or as bfloat16.
  private static func fill(_ region: MemoryRegion) {
    let words = region.base.assumingMemoryBound(to: UInt16.self)
    for i in 0..<region.byteCount / 2 {
      let random = UInt16(truncatingIfNeeded: Philox.mixed(UInt64(i)))
      words[i] = 0x3F00 | (random & 0x807F)
    }
  }

  /// The directions in which a training step runs `layer`.
  package func passes(of layer: LayerOperation) -> [Pass] {
    Pass.allCases.filter {
      switch $0 {
      case .forward: true
      case .backwardData: layer.hasSourceGradient
      case .backwardWeights: layer.hasWeightGradient
      }
    }
  }

  /// The name of a measurement: the layer and the direction.
  package static func name(_ layer: LayerOperation, _ pass: Pass) -> String { "\(layer.name) \(pass.rawValue)" }

  /// The sum over a rank's layers.
  package static let all = "all layers"

  /// - Important: Collective: all ranks run the same layer at the same time.
  package func run(_ round: Round) throws {
    var total = 0.0
    for layer in layers {
      try group.barrier()
      for pass in passes(of: layer) {
        let watch = Stopwatch()
        run(pass, of: layer)
        let seconds = watch.seconds
        round.note(Self.name(layer, pass), seconds)
        total += seconds
      }
    }
    // Summed here: the slowest rank of every layer added up would be slower than any rank is.
    round.note(Self.all, total)
  }

  private func run(_ pass: Pass, of layer: LayerOperation) {
    let (source, destination) = (activations[0].base, activations[1].base)
    let (sourceGradient, destinationGradient) = (activations[2].base, activations[3].base)
    let weights = layer.weights(in: memory)
    switch pass {
    case .forward: layer.operation.forward(source, weights, into: destination, scratch: scratch.base)
    case .backwardData:
      layer.operation.backwardData(destinationGradient, weights, into: sourceGradient, scratch: scratch.base)
    case .backwardWeights:
      layer.operation.backwardWeights(
        source, destinationGradient, into: gradient + layer.weightRange.lowerBound,
        biasGradient: layer.biasRange.map { gradient + $0.lowerBound }, scratch: scratch.base)
    }
  }
}
