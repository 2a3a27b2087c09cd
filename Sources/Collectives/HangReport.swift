import Basics

/// What a rank knows when a job has stopped.
struct HangReport {
  let rank: Int
  let host: String
  /// On the monotonic clock.
  let now: Double
  /// The ranks of this machine, this one included.
  let neighbours: [HeartbeatTable.Entry]
  /// This rank's last operations, oldest first.
  let recent: [OperationHistory.Record]

  /// The rank of this machine that the others wait for; nil where all only wait.
  let stalledRank: HeartbeatTable.Entry?

  /// The rank of another machine that no longer runs; nil where none is known.
  let silence: NodeHeartbeatFiles.Silence?

  /// Of this process's threads.
  var stacks: [ThreadStack] = []

  var sentence: String {
    guard let stalledRank else {
      if let silence { return silence.sentence }
      let own = neighbours.first { $0.rank == rank }
      return "the ranks of \(host) have waited \(seconds(own?.time ?? now)) s for a rank of another machine in "
        + "\"\(own?.operation ?? "start")\" of step \(own?.step ?? 0)"
    }
    let state = ProcessState.text(of: stalledRank.processIdentifier).map { ", \($0)" } ?? ""
    return "rank \(stalledRank.rank) on \(host) (process \(stalledRank.processIdentifier)\(state)) has not moved for "
      + "\(seconds(stalledRank.time)) s in \"\(stalledRank.operation)\" of step \(stalledRank.step)"
  }

  private func seconds(_ time: Double) -> Int { Int((now - time).rounded()) }

  var text: String {
    var lines = ["\(sentence)", "", "Ranks of \(host):"]
    for entry in neighbours {
      let state = ProcessState.text(of: entry.processIdentifier) ?? "unknown"
      lines.append(
        "  rank \(entry.rank), process \(entry.processIdentifier) (\(state)): \"\(entry.operation)\" of step "
          + "\(entry.step) for \(seconds(entry.time)) s\(entry.isWaiting ? ", waiting for others" : "")"
          + "\(entry.isActive ? "" : ", not watched")")
    }
    lines += ["", "Last operations of rank \(rank), in seconds before now:"]
    lines += recent.map { "  \((($0.time - now) * 1000).rounded() / 1000)  step \($0.step)  \($0.operation)" }
    if !stacks.isEmpty {
      lines += ["", "Threads of rank \(rank) (name, state, kernel function), each with its innermost function first:"]
      lines += stacks.flatMap(\.lines)
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
