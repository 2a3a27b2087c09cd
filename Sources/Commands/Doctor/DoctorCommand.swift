import ArgumentParser
import Basics
import Collectives
import Foundation
import ImageFiles
import Kernels
import MPITransport
import Storage

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Look whether everything is as a training needs it.",
    discussion: """
      Start it exactly as the training will be started, and it sees what the training will see. Exit code 70 where \
      something would not work.

        fcn-dist doctor
        mpirun -n 8 fcn-dist doctor --data data --output runs
      """)

  @Option(help: ArgumentHelp("The dataset's folder, to look into.", valueName: "folder")) var data: String?
  @Option(help: ArgumentHelp("The folder that runs will be written to.", valueName: "folder")) var output: String?
  @OptionGroup var engine: EngineOptions

  func run() throws {
    withMPI { group in
      let ranks = try facts(group)
      guard group.isCoordinator else { return 0 }
      let findings = try examine(ranks)
      Output.write(Self.text(ranks, findings))
      return findings.contains { $0.verdict == .bad } ? Failure.Kind.internalError.rawValue : 0
    }
  }

  /// - Important: Collective.
  private func facts(_ group: any ProcessGroup) throws -> [RankFacts] {
    let backend = try engine.engine(precision: .float32, configuredThreads: nil, group: group)
    let own = RankFacts(threads: backend.threadCount, engine: backend.summary)
    return try group.allGather(Array(try JSONEncoder().encode(own))).map {
      try JSONDecoder().decode(RankFacts.self, from: Data($0))
    }
  }

  private func examine(_ ranks: [RankFacts]) throws -> [Finding] {
    var findings = [Examination.engines(ranks)]
    if let reason = OneDNNBackend.unavailabilityReason {
      findings.append(
        Finding(.doubtful, "oneDNN", reason, remedy: "training works without it, but many times slower"))
    }
    findings.append(Self.bfloat16(try engine.choice()))
    findings += Examination.processors(ranks)
    findings += [Examination.memory(ranks), Examination.sharedMemory(ranks), Self.pictures()]
    if let output { findings.append(Examination.output(output)) }
    if let data { findings += Examination.dataset(data) }
    return findings
  }

  private static func bfloat16(_ choice: EngineOptions.Choice) -> Finding {
    do {
      let backend = try EngineOptions.engine(choice, .bfloat16, threads: 1)
      return Finding(.good, "train.precision: bfloat16", "works (\(backend.summary))")
    } catch {
      return Finding(.doubtful, "train.precision: bfloat16", "\(error)")
    }
  }

  private static func pictures() -> Finding {
    do {
      _ = try PNG.encode(Image(width: 1, height: 1, channels: 3, pixels: [1, 2, 3]))
      return Finding(.good, "PNG", "can be read and written")
    } catch {
      return Finding(.doubtful, "PNG", "\(error)")
    }
  }

  static func text(_ ranks: [RankFacts], _ findings: [Finding]) -> String {
    var facts = TextTable(leftColumns: [1, 2])
    facts.add(["rank", "host", "processors", "threads"])
    for (rank, entry) in ranks.enumerated() {
      facts.add(["\(rank)", entry.host, entry.processors, "\(entry.threads)"])
    }
    var table = TextTable(leftColumns: [0, 1, 2])
    for finding in findings {
      table.add([finding.verdict.rawValue, finding.subject, finding.text])
      if let remedy = finding.remedy { table.add(["", "", "-> \(remedy)"]) }
    }
    return """
      fcn-dist \(ToolVersion.text), \(MPILibrary.version), HDF5 \(HDF5Library.version)

      \(facts.text)

      \(table.text)
      """
  }
}
