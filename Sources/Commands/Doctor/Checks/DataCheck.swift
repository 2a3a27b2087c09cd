import Basics

/// Is the dataset whole, the same everywhere, and read fast enough?
package enum DataCheck {
  package static func findings(_ job: JobFacts) -> [Finding] {
    guard let folder = job.dataFolder else { return [] }
    let subject = "data \(folder)"
    let problems = Finding.problems(subject, job.ranks.map(\.dataProblem))
    guard let facts = job.ranks.lazy.compactMap(\.data).first else { return problems }
    var findings = problems
    if Set(job.ranks.compactMap(\.data).map(\.fingerprint)).count > 1 {
      let odd = job.ranks.indices.filter { job.ranks[$0].data.map { $0.fingerprint != facts.fingerprint } ?? false }
      findings.append(
        Finding(
          .error, subject, "\(Finding.ranksText(odd)) (\(job.ranks[odd[0]].host)) see another dataset than the others",
          remedy: "copy the same files to all machines, or use a folder that all see"))
    }
    let place = facts.mount.map { " on \($0.type)" } ?? ""
    let checked = job.ranks.reduce(0) { $0 + ($1.data?.readCount ?? 0) }
    findings.append(
      Finding(
        .ok, subject,
        "\(facts.contents), \(counted(facts.classCount, "class", "classes")), "
          + "\(counted(facts.channels, "channel"))\(place); \(grouped(checked)) samples read and checked"))
    findings += facts.labelWarnings.map {
      Finding(.warning, "labels", $0, remedy: "look at them: fcn-dist dataset show \(folder) --output labels.png")
    }
    findings.append(speed(job, subject))
    return findings
  }

  private static func speed(_ job: JobFacts, _ subject: String) -> Finding {
    let all = job.ranks.compactMap(\.data).filter { $0.readSeconds > 0 }
    let rates = all.map { Double($0.readCount) / $0.readSeconds }
    let bytes = all.reduce(0) { $0 + Double($1.readByteCount) / $1.readSeconds }
    let stored = all.reduce(0) { $0 + ($1.storedByteCount ?? 0) }
    let read = all.reduce(0) { $0 + $1.readByteCount }
    let share = read > 0 ? min(1, Double(stored) / Double(read)) : 0
    let origin =
      share > 0.5 ? "" : ", most of it from the system's memory: the disk itself may be slower"
    let slowest = rates.min() ?? 0
    let text =
      "\(significant(bytes / 1e6, 3)) MB/s over all ranks, \(significant(slowest, 3)) samples/s by the slowest rank"
      + origin
    guard let speed = job.speed, let busiest = job.ranks.compactMap({ $0.workload?.imageCount }).max(), busiest > 0,
      Double(busiest) / speed.step * 1.2 > slowest
    else { return Finding(.ok, "reading", text) }
    return Finding(
      .warning, "reading", "\(text): little for \(significant(Double(busiest) / speed.step, 3)) that a rank computes",
      remedy: "give train --loader-threads 2 or more, or copy the dataset to a local disk")
  }
}
