import Basics
import Collectives

/// What the trainers have to know of each other before any of them updates: the loss, the gradient's norm, whether
/// anything is not finite, whether somebody was asked to stop, how fast each of them was. One reduction for all of it.
package struct StepReduction {
  package let microBatchLosses: [Double]
  package let gradientNorm: Double
  package let isStopRequested: Bool
  /// What each trainer took for a micro-batch of this step; 0 for those without a micro-batch.
  package let microBatchSeconds: [Double]

  /// - Parameters:
  ///   - losses: of this trainer's micro-batches.
  ///   - computeSeconds: what this trainer's micro-batches took.
  ///   - chunkNorms: sums of squares of this trainer's chunks in their places, 0 elsewhere.
  /// - Important: Collective over the trainers.
  package init(
    losses: [GradientComputation.MicroBatchLoss], microBatchCount: Int, chunkNorms: [Double], isStopRequested: Bool,
    computeSeconds: Double, over group: any ProcessGroup
  ) throws {
    // Every place is filled by one rank and zero on the others: the sum is exact in any order.
    var places = [Double](repeating: 0, count: microBatchCount + 1 + group.size) + chunkNorms
    for loss in losses { places[loss.microBatch] = loss.weightedLoss }
    places[microBatchCount] = isStopRequested ? 1 : 0
    let norms = microBatchCount + 1 + group.size
    if !losses.isEmpty { places[microBatchCount + 1 + group.rank] = computeSeconds / Double(losses.count) }
    try group.allReduce(&places, .sum)
    microBatchLosses = Array(places[..<microBatchCount])
    self.isStopRequested = places[microBatchCount] > 0
    microBatchSeconds = Array(places[(microBatchCount + 1)..<norms])
    gradientNorm = places[norms...].reduce(0, +).squareRoot()
  }

  /// The loss of the batch before it is divided.
  package var weightedLoss: Double { microBatchLosses.reduce(0, +) }
  package var isFinite: Bool { weightedLoss.isFinite && gradientNorm.isFinite }
  /// The micro-batches whose own loss is not finite.
  package var nonFiniteMicroBatches: [Int] { microBatchLosses.indices.filter { !microBatchLosses[$0].isFinite } }
}
