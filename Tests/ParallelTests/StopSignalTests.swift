import Foundation
import TestSupport
import Testing

extension ParallelTests {
  /// Schedulers ask again when a job does not end at once, and ask its processes one after the other.
  @Suite struct StopSignals {
    @Test(arguments: [0, 2]) func signalsAgainAndAgainLeaveOneCheckpointAndItsCode(ranks: Int) throws {
      let training = try TinyTraining()
      let metrics = training.path("run") + "/metrics.jsonl"
      var signalCount = 0
      let stopped = try training.train("run", ranks: ranks, ["--set", "train.steps=100000"]) { process in
        guard signalCount > 0 || FileManager.default.fileExists(atPath: metrics) else { return }
        for rank in ranks == 0 ? [process] : MPILauncher.children(of: process) {
          for signal in [SIGUSR1, SIGTERM, SIGTERM] where kill(rank, signal) == 0 { signalCount += 1 }
        }
      }
      #expect(stopped.exitCode == 75, "\(stopped.tail)")
      #expect(signalCount >= 3)
      #expect(stopped.output.contains("interrupted after"), "\(stopped.tail)")
      try training.expectGoodCheckpoints("run")
      let files = training.checkpoints("run")
      #expect(!files.contains { $0.contains("partial") }, "\(files)")
      #expect(files.contains("latest.h5"), "\(files)")
    }

    /// systemd, containers and people send SIGTERM to what they have started; mpirun alone would kill its ranks.
    @Test(arguments: ["run", "supervise"]) func aScriptThatIsToEndLetsTheTrainingSave(script: String) throws {
      let training = try TinyTraining()
      let metrics = training.path("run") + "/metrics.jsonl"
      var isAsked = false
      let stopped = try training.train("run", by: script, ["--set", "train.steps=100000"]) { process in
        guard !isAsked, FileManager.default.fileExists(atPath: metrics) else { return }
        isAsked = kill(process, SIGTERM) == 0
      }
      #expect(stopped.exitCode == 75 && isAsked, "\(stopped.tail)")
      #expect(stopped.output.contains("interrupted after") && !stopped.output.contains("start 2"), "\(stopped.tail)")
      try training.expectGoodCheckpoints("run")
    }
  }
}
