import Foundation
import TestSupport
import Testing

extension ParallelTests {
  /// Those who start the ranks are killed, and cannot end them.
  @Suite struct SupervisorDeaths {
    let training: TinyTraining
    let good: String

    init() throws {
      training = try TinyTraining()
      good = try training.goodDigest()
    }

    /// Open MPI's files must outlive the launcher of the test.
    private func environment(_ more: [String: String] = [:]) -> [String: String] {
      ["TMPDIR": training.folder.path].merging(more) { $1 }
    }

    private func supervise(
      _ output: String, fault: String = "", meanwhile: (pid_t) -> Void = { _ in }
    ) throws -> MPILauncher.Outcome {
      try training.train(
        output, by: "supervise", environment: environment(["FCN_DIST_FAULT": fault]), meanwhile: meanwhile)
    }

    /// The training goes on without it; nobody else gets its folder before its end.
    @Test func aTrainingOutlivesItsSupervisor() throws {
      var ranks: [ObservedProcess] = []
      var launchers: [ObservedProcess] = []
      let killed = try supervise("run", fault: "stall@1:7") { supervisor in
        guard ranks.isEmpty else { return }
        let found = MPILauncher.ranks(of: supervisor, program: "fcn-dist").map { ObservedProcess(identifier: $0) }
        guard found.contains(where: \.isStopped) else { return }
        ranks = found
        launchers = MPILauncher.ranks(of: supervisor, program: "mpirun").map { ObservedProcess(identifier: $0) }
        kill(supervisor, SIGKILL)
      }
      #expect(killed.exitCode == 137 && ranks.count == 2 && launchers.count == 1, "\(killed.tail)")
      let second = try supervise("run")
      #expect(second.exitCode == 73, "\(second.tail)")
      #expect(second.errorLines.count == 1 && !second.output.contains("start 2"), "\(second.tail)")
      let line = second.errorLines.first ?? ""
      #expect(ranks.contains { line.contains("process \($0.identifier) on ") }, "\(line)")
      #expect(line.contains("is training in") && line.contains("wait for it"), "\(line)")
      for rank in ranks { kill(rank.identifier, SIGCONT) }
      for process in ranks + launchers {
        let hasEnded = process.ends(within: 20)
        #expect(hasEnded, "process \(process.identifier)")
      }
      #expect(try training.digest("run") == good)
      let third = try supervise("run")
      #expect(third.exitCode == 0, "\(third.tail)")
      #expect(try training.digest("run") == good)
    }

    /// Without mpirun no rank stays, not even the one that was stopped when it died.
    @Test func ranksEndWithTheirLauncher() throws {
      var ranks: [ObservedProcess] = []
      let killed = try training.train("run", ranks: 2, environment: environment(["FCN_DIST_FAULT": "stall@1:7"])) {
        launcher in
        guard ranks.isEmpty else { return }
        let found = MPILauncher.children(of: launcher).map { ObservedProcess(identifier: $0) }
        guard found.contains(where: \.isStopped) else { return }
        ranks = found.sorted { !$0.isStopped && $1.isStopped }
        kill(launcher, SIGKILL)
      }
      #expect(killed.exitCode == 137 && ranks.count == 2, "\(killed.tail)")
      for rank in ranks {
        kill(rank.identifier, SIGCONT)
        let hasEnded = rank.ends(within: 15)
        #expect(hasEnded, "process \(rank.identifier)")
      }
      try training.expectGoodCheckpoints("run")
      let resumed = try training.train("run", ranks: 2, ["--resume", "auto"])
      #expect(resumed.exitCode == 0, "\(resumed.tail)")
      #expect(resumed.output.contains("resuming after step 6 from"), "\(resumed.tail)")
      #expect(try training.digest("run") == good)
    }
  }
}
