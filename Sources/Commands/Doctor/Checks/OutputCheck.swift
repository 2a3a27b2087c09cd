import Basics

/// Can a run be written where it is to be written, for as long as it lasts?
package enum OutputCheck {
  package static func findings(_ job: JobFacts) -> [Finding] {
    guard let output = job.output else { return [] }
    let subject = "output \(output.folder)"
    if let problem = output.writeProblem {
      return [
        Finding(
          .error, subject, "files cannot be written there: \(problem.text)",
          remedy: problem.remedy ?? "free some space or give another folder with --output")
      ]
    }
    var findings = [space(job, output, subject)]
    if let problem = output.lockProblem {
      findings.append(
        Finding(
          .warning, subject,
          "files cannot be locked there (\(problem)): a second job in the same folder is recognised "
            + "by what the first has written only", remedy: "mount it with locks (NFS: without nolock)"))
    }
    if !output.blindRanks.isEmpty {
      let verb = output.blindRanks.count == 1 ? "does" : "do"
      findings.append(
        Finding(
          .warning, subject,
          "\(Finding.ranksText(output.blindRanks)) \(verb) not see what rank 0 writes there: "
            + "reports of hangs and crashes stay on their machines",
          remedy: "use a folder that all machines share"))
    }
    return findings
  }

  private static func space(_ job: JobFacts, _ output: OutputFacts, _ subject: String) -> Finding {
    let kind = output.mount.map { "\($0.type)\($0.isRemote ? " (over the network)" : "")" } ?? "unknown"
    let free = output.freeByteCount
    var text =
      "\(kind), \(free.map { Finding.bytes($0) + " free" } ?? "free space unknown"); writing, syncing and "
      + "renaming work"
    if let speed = output.bytesPerSecond { text += " (\(significant(speed / 1e6, 2)) MB/s)" }
    guard let workload = job.ranks.lazy.compactMap(\.workload).first else { return Finding(.ok, subject, text) }
    // Those that are kept, the best, and the one that is being written.
    let count = workload.keptCheckpointCount + 2
    let needed = count * workload.checkpointByteCount
    text += "; up to \(count) checkpoints at a time take \(Finding.bytes(needed))"
    guard let free, free < needed else { return Finding(.ok, subject, text) }
    return Finding(
      free < 2 * workload.checkpointByteCount ? .error : .warning, subject, text,
      remedy: "free some space, keep fewer (train.keep), or give another folder with --output")
  }
}
