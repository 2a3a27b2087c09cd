import Basics
import Collectives

/// Notices trainers that compute slower than the others for long: a core too hot, a neighbour on the same core, a
/// memory bank that fails. All others wait for them in every step.
package struct SlowRanks: Sendable {
  /// Slower than the median by more than this factor counts, in so many steps.
  package static let factor = 1.3
  package static let stepCount = 50
  /// How many slow steps a step makes up for that is not: an instant on the other ranks' cores hides no slow one.
  private static let relief = 2

  private struct Record: Sendable {
    /// "rank 3 on node7"
    let name: String
    /// Slow steps, less what the others made up for.
    var balance = 0
    /// Of the slow steps since the balance was 0.
    var count = 0
    /// Of their factors.
    var sum = 0.0
    var isNamed = false

    mutating func add(_ factor: Double) {
      balance += 1
      count += 1
      sum += factor
    }

    mutating func relieve() {
      balance -= SlowRanks.relief
      guard balance <= 0 else { return }
      (balance, count, sum) = (0, 0, 0)
    }
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

  /// - Parameter microBatchSeconds: what each trainer took for a micro-batch of this step; 0 for those that had none.
  /// - Returns: a sentence for each trainer that is found slow now, for the first time.
  package mutating func warnings(after microBatchSeconds: [Double], step: Int) -> [String] {
    let working = microBatchSeconds.filter { $0 > 0 }.sorted()
    guard working.count > 1 else { return [] }
    // The lower one of two: where there are two ranks, the slow one is no measure for itself.
    let median = working[(working.count - 1) / 2]
    var warnings: [String] = []
    for index in trainers.indices where index < microBatchSeconds.count {
      guard microBatchSeconds[index] > Self.factor * median else {
        trainers[index].relieve()
        continue
      }
      trainers[index].add(microBatchSeconds[index] / median)
      let trainer = trainers[index]
      guard trainer.balance == Self.stepCount, !trainer.isNamed else { continue }
      trainers[index].isNamed = true
      warnings.append(
        "step \(step): \(trainer.name) has computed \(fixed(trainer.sum / Double(trainer.count), 1)) times as long as "
          + "the median rank in \(trainer.count) steps, and all wait for it; see whether something else runs there "
          + "(fcn-dist doctor)")
    }
    return warnings
  }
}
