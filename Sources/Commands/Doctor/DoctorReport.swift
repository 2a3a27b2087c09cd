import Basics
import RunLogging

/// What the doctor says, to people and to programs.
package struct DoctorReport {
  package let job: JobFacts
  package let findings: [Finding]

  package init(_ job: JobFacts) {
    self.job = job
    findings =
      Finding.problems("configuration", job.ranks.map(\.workloadProblem)) + LaunchCheck.findings(job)
      + ProcessorCheck.findings(job) + BackendCheck.findings(job) + VersionCheck.findings(job)
      + TransportCheck.findings(job) + MemoryCheck.findings(job) + DataCheck.findings(job) + OutputCheck.findings(job)
      + PictureCheck.findings() + SpeedCheck.findings(job)
  }

  package var verdict: Finding.Verdict { findings.map(\.verdict).max() ?? .ok }

  private func count(_ verdict: Finding.Verdict) -> Int { findings.count { $0.verdict == verdict } }

  package var text: String {
    var table = TextTable(leftColumns: [0, 1, 2])
    for finding in findings {
      let name = finding.verdict == .error ? "ERROR" : finding.verdict.rawValue
      table.add([name, finding.subject, finding.text])
      if let remedy = finding.remedy { table.add(["", "", "-> \(remedy)"]) }
    }
    return """
      recipe: \(job.recipe)

      \(ranks)

      \(table.text)

      \(counted(count(.error), "error")), \(counted(count(.warning), "warning"))
      """
  }

  /// Ranks that are placed alike on one line.
  private var ranks: String {
    var table = TextTable(leftColumns: [0, 1, 2])
    table.add(["ranks", "machine", "processors", "threads"])
    for host in job.hosts {
      let alike = Dictionary(grouping: host.ranks) { job.ranks[$0].placement.processors }
      for ranks in alike.values.sorted(by: { $0[0] < $1[0] }) {
        let rank = job.ranks[ranks[0]]
        table.add([
          Affinity.listText(ranks), host.name, Affinity.listText(rank.placement.processors), "\(rank.backend.threads)",
        ])
      }
    }
    return table.text
  }

  package var json: JSONText {
    .object([
      ("tool_version", .text(ToolVersion.text)), ("verdict", .text(verdict.rawValue)), ("recipe", .text(job.recipe)),
      ("ranks", .list(job.ranks.enumerated().map { rankJSON($0.offset, $0.element) })),
      ("findings", .list(findings.map(findingJSON))),
      ("expected", job.speed.map(speedJSON) ?? .number(nil)),
    ])
  }

  private func rankJSON(_ rank: Int, _ facts: RankFacts) -> JSONText {
    .object([
      ("rank", .integer(Int64(rank))), ("host", .text(facts.host)), ("process", .integer(Int64(facts.process))),
      ("processors", .text(Affinity.listText(facts.placement.processors))),
      ("threads", .integer(Int64(facts.backend.threads))), ("engine", .text(facts.backend.summary)),
      ("memory_available", .integer(Int64(facts.memory.available))),
      ("shared_memory_free", .integer(Int64(facts.memory.sharedFree))),
    ])
  }

  private func findingJSON(_ finding: Finding) -> JSONText {
    .object([
      ("verdict", .text(finding.verdict.rawValue)), ("subject", .text(finding.subject)), ("text", .text(finding.text)),
      ("remedy", finding.remedy.map { .text($0) } ?? .number(nil)),
    ])
  }

  private func speedJSON(_ speed: SpeedFacts) -> JSONText {
    .object([
      ("step_seconds", .number(speed.step)), ("images_per_second", .number(speed.imagesPerSecond)),
      ("epoch_seconds", .number(speed.epoch)), ("training_seconds", .number(speed.training)),
      ("method", .text(speed.method)),
    ])
  }
}
