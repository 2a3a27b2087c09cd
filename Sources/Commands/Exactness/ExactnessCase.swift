/// One way to do the same: by how many ranks, in which roles, over which memory, with or without an accident.
struct ExactnessCase {
  enum Accident {
    /// Rank 0 is killed in the 8th step.
    case killed
    /// The last rank is asked to stop in the 7th step, in the middle of an epoch.
    case stopped
  }

  /// Ranks; 0 is one process without a launcher.
  var ranks: Int
  var coordinator = "shared"
  var exchange = "auto"
  /// Ranks that are taken to share a machine's memory; nil: those that do.
  var ranksPerMachine: Int?
  /// What happens, and how many other ranks resume.
  var accident: (kind: Accident, resumingRanks: Int)?
  /// Threads of a rank, where that may differ.
  var threads: Int?

  var name: String {
    var words = [ranks == 0 ? "one process, no launcher" : counted(ranks, "rank")]
    if coordinator == "dedicated" { words.append("one of them evaluating") }
    if exchange == "allreduce" { words.append("all-reduce") }
    if let ranksPerMachine { words.append("as on \((ranks + ranksPerMachine - 1) / ranksPerMachine) machines") }
    if let threads { words.append("\(threads) threads") }
    switch accident {
    case (.killed, let resuming)?: words.append("killed, resumed by \(resuming)")
    case (.stopped, let resuming)?: words.append("stopped in an epoch, resumed by \(resuming)")
    case nil: break
    }
    return words.joined(separator: ", ")
  }

  /// What is ordered with `FCN_DIST_FAULT`.
  var fault: String? {
    switch accident?.kind {
    case .killed?: "kill@0:8"
    case .stopped?: "interrupt@\(ranks - 1):7"
    case nil: nil
    }
  }
}
