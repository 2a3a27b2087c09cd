import Basics
import Collectives

/// What the trainers have to know of each other before any of them updates: the loss, the gradient's norm, whether
/// anything is not finite, whether somebody was asked to stop, how fast each of them was. One reduction for all of it.
package struct Ballot {
  package let slotLosses: [Double]
  package let gradientNorm: Double
  package let isStopRequested: Bool
  /// What each trainer took for a slot of this step; 0 for those without a slot.
  package let slotSeconds: [Double]

  /// - Parameters:
  ///   - losses: of this trainer's slots.
  ///   - computeSeconds: what this trainer's slots took.
  ///   - chunkNorms: sums of squares of this trainer's chunks in their places, 0 elsewhere.
  /// - Important: Collective over the trainers.
  package init(
    losses: [GradientComputation.SlotLoss], slotCount: Int, chunkNorms: [Double], isStopRequested: Bool,
    computeSeconds: Double, over group: any ProcessGroup
  ) throws {
    // Every place is filled by one rank and zero on the others: the sum is exact in any order.
    var places = [Double](repeating: 0, count: slotCount + 1 + group.size) + chunkNorms
    for loss in losses { places[loss.slot] = loss.weightedLoss }
    places[slotCount] = isStopRequested ? 1 : 0
    let norms = slotCount + 1 + group.size
    if !losses.isEmpty { places[slotCount + 1 + group.rank] = computeSeconds / Double(losses.count) }
    try group.allReduce(&places, .sum)
    slotLosses = Array(places[..<slotCount])
    self.isStopRequested = places[slotCount] > 0
    slotSeconds = Array(places[(slotCount + 1)..<norms])
    gradientNorm = places[norms...].reduce(0, +).squareRoot()
  }

  /// The loss of the batch before it is divided.
  package var weightedLoss: Double { slotLosses.reduce(0, +) }
  package var isFinite: Bool { weightedLoss.isFinite && gradientNorm.isFinite }
  /// The slots whose own loss is not finite.
  package var brokenSlots: [Int] { slotLosses.indices.filter { !slotLosses[$0].isFinite } }
}
