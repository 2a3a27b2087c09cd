import Basics
import Collectives

/// Notices trainers that compute slower than the others for long: a core too hot, a neighbour on the same core, a memory
/// bank that fails. All others wait for them in every step.
package struct SlowRanks: Sendable {
  /// Slower than the median by more than this factor counts, in so many steps in a row.
  package static let factor = 1.3
  package static let stepCount = 50

  private struct Record: Sendable {
    /// "rank 3 on node7"
    let name: String
    var stepsInARow = 0
    /// Of the factors of those steps.
    var sum = 0.0
    var isNamed = false
  }

  private var trainers: [Record]

  package init(names: [String]) { trainers = names.map { Record(name: $0) } }

  /// - Parameters:
  ///   - rank: this rank's number in the job.
  ///   - group: the trainers.
  /// - Important: Collective over `group`.
  init(rank: Int, over group: any ProcessGroup) throws {
    let names = try group.allGather(Array("rank \(rank) on \(ProcessEnvironment.hostName)".utf8))
    self.init(names: names.map { String(decoding: $0, as: UTF8.self) })
  }

  /// - Parameter slotSeconds: what each trainer took for a slot of this step; 0 for those that had none.
  /// - Returns: a sentence for each trainer that is found slow now, for the first time.
  package mutating func warnings(after slotSeconds: [Double], step: Int) -> [String] {
    let working = slotSeconds.filter { $0 > 0 }.sorted()
    guard working.count > 1 else { return [] }
    // The lower one of two: where there are two ranks, the slow one is no measure for itself.
    let median = working[(working.count - 1) / 2]
    var warnings: [String] = []
    for index in trainers.indices where index < slotSeconds.count {
      guard slotSeconds[index] > Self.factor * median else {
        trainers[index].stepsInARow = 0
        trainers[index].sum = 0
        continue
      }
      trainers[index].stepsInARow += 1
      trainers[index].sum += slotSeconds[index] / median
      guard trainers[index].stepsInARow == Self.stepCount, !trainers[index].isNamed else { continue }
      trainers[index].isNamed = true
      let factor = fixed(trainers[index].sum / Double(Self.stepCount), 1)
      warnings.append(
        "step \(step): \(trainers[index].name) has computed \(factor) times as long as the median rank for "
          + "\(Self.stepCount) steps, and all wait for it; see whether something else runs there (fcn-dist doctor)")
    }
    return warnings
  }
}
