import Basics
import Collectives

/// What the trainers have to know of each other before any of them updates: the loss, the gradient's norm, whether
/// anything is not finite, whether somebody was asked to stop, how fast each of them was. One reduction for all of it.
package struct StepReduction {
  package let microBatchLosses: [Double]
  /// Each of the objective's losses, summed over the batch, not divided.
  package let lossParts: [Double]
  package let gradientNorm: Double
  package let isStopRequested: Bool
  /// What each trainer took for a micro-batch of this step; 0 for those without a micro-batch.
  package let microBatchSeconds: [Double]

  /// - Parameters:
  ///   - losses: of this trainer's micro-batches.
  ///   - partCount: how many losses the objective has.
  ///   - computeSeconds: what this trainer's micro-batches took.
  ///   - chunkNorms: sums of squares of this trainer's chunks in their places, 0 elsewhere.
  /// - Important: Collective over the trainers.
  package init(
    losses: [GradientComputation.MicroBatchLoss], partCount: Int = 1, microBatchCount: Int, chunkNorms: [Double],
    isStopRequested: Bool,
    computeSeconds: Double, over group: any ProcessGroup
  ) throws {
    // Every place is filled by one rank and zero on the others: the sum is exact in any order.
    let lossCount = microBatchCount * partCount
    let norms = lossCount + 1 + group.size
    var places = [Double](repeating: 0, count: norms) + chunkNorms
    for loss in losses {
      for (part, value) in loss.parts.enumerated() { places[loss.microBatch * partCount + part] = value }
    }
    places[lossCount] = isStopRequested ? 1 : 0
    if !losses.isEmpty { places[lossCount + 1 + group.rank] = computeSeconds / Double(losses.count) }
    try group.allReduce(&places, .sum)
    let parts = (0..<microBatchCount).map { Array(places[$0 * partCount..<($0 + 1) * partCount]) }
    microBatchLosses = parts.map { $0.reduce(0, +) }
    lossParts = (0..<partCount).map { part in parts.reduce(0) { $0 + $1[part] } }
    self.isStopRequested = places[lossCount] > 0
    microBatchSeconds = Array(places[(lossCount + 1)..<norms])
    gradientNorm = places[norms...].reduce(0, +).squareRoot()
  }

  /// The loss of the batch before it is divided.
  package var weightedLoss: Double { microBatchLosses.reduce(0, +) }
  package var isFinite: Bool { weightedLoss.isFinite && gradientNorm.isFinite }
  /// The micro-batches whose own loss is not finite.
  package var nonFiniteMicroBatches: [Int] { microBatchLosses.indices.filter { !microBatchLosses[$0].isFinite } }
}
