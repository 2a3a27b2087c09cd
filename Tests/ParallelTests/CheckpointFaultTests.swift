import Foundation
import TestSupport
import Testing

extension ParallelTests {
  /// Processes that die, and disks that fail, while a checkpoint is written.
  @Suite struct CheckpointFaults {
    /// Every point that the program knows, from its own words.
    private func points() throws -> [String] {
      let outcome = try MPILauncher(ranks: 0, environment: ["FCN_DIST_FAULT": "kill-checkpoint/nowhere@0:1"]).run(
        "fcn-dist", ["train", "--backend", "portable", "--data", "/nowhere"])
      let words = outcome.errors.components(separatedBy: "kill-checkpoint/POINT with ").last ?? ""
      return words.split { ", \n".contains($0) }.map(String.init)
    }

    @Test func aWriterKilledAtAnyPointHarmsNothing() throws {
      let training = try TinyTraining()
      let good = try training.goodDigest()
      let points = try self.points()
      #expect(points.first == "created" && points.last == "pruned" && points.count >= 8, "\(points)")
      for (index, point) in points.enumerated() {
        // The checkpoint of step 4 is a best one, and with keep=1 the one of step 3 goes.
        let ranks = index % 4 == 3 ? 2 : 0
        let killed = try training.train(
          point, ranks: ranks, environment: ["FCN_DIST_FAULT": "kill-checkpoint/\(point)@0:4"],
          ["--set", "train.keep=1"])
        #expect(killed.exitCode == 137, "\(point): \(killed.tail)")
        try training.expectGoodCheckpoints(point)
        let files = training.checkpoints(point)
        #expect(files.contains("step-000000003.h5") || files.contains("step-000000004.h5"), "\(point): \(files)")
        let isNamed = index >= (points.firstIndex(of: "renamed") ?? 0)
        #expect(files.contains("step-000000004.h5") == isNamed, "\(point): \(files)")
        let resumed = try training.train(point, ["--resume", "auto", "--set", "train.keep=1"])
        #expect(resumed.exitCode == 0, "\(point): \(resumed.tail)")
        #expect(
          resumed.output.contains("resuming after step \(isNamed ? 4 : 3) from"), "\(point): \(resumed.tail)")
        #expect(try training.digest(point) == good, "\(point)")
        #expect(!training.checkpoints(point).contains { $0.contains("partial") }, "\(training.checkpoints(point))")
      }
    }

    @Test func aDedicatedCoordinatorKilledWhileItWritesHarmsNothing() throws {
      let training = try TinyTraining()
      let killed = try training.train(
        "run", ranks: 3, environment: ["FCN_DIST_FAULT": "kill-checkpoint/verified@0:6"],
        ["--set", "distributed.coordinator=dedicated"])
      #expect(killed.exitCode == 137, "\(killed.tail)")
      try training.expectGoodCheckpoints("run")
      let resumed = try training.train("run", ranks: 2, ["--resume", "auto"])
      #expect(resumed.exitCode == 0, "\(resumed.tail)")
      #expect(try training.digest("run") == training.goodDigest())
    }

    /// What the limit leaves room for is written; a run whose last checkpoint cannot be written says so at its end.
    @Test func aTrainingGoesOnWhenCheckpointsAreTooLarge() throws {
      let training = try TinyTraining()
      let program = try TestedPackage.program("fcn-dist")
      // 6 MB: what MPI keeps in files fits, and all logs; a checkpoint of 16 MB does not.
      let outcome = try MPILauncher(ranks: 0).run(
        "/bin/bash",
        ["-c", "ulimit -f 6000; exec \"$@\"", "bash", program] + training.arguments("run", ["--set", "model.fc=1024"]))
      #expect(outcome.exitCode == 74, "\(outcome.tail)")
      #expect(outcome.errorLines.count == 1, "\(outcome.tail)")
      #expect(outcome.errorLines.first?.contains("the file size limit is reached") == true, "\(outcome.tail)")
      #expect(outcome.output.contains("warning: a checkpoint could not be written: "), "\(outcome.tail)")
      #expect(outcome.output.contains("training goes on"), "\(outcome.tail)")
      let metrics = try String(contentsOfFile: training.path("run") + "/metrics.jsonl", encoding: .utf8)
      #expect(metrics.contains("\"step\": 10"), "\(metrics)")
      #expect(training.checkpoints("run") == [], "\(training.checkpoints("run"))")
    }

    /// The first checkpoint fails, in its first write or sync; nothing of it stays, the next ones are made anew.
    @Test(
      .enabled(if: FailingCalls.isAvailable, "needs a C compiler"),
      arguments: [
        ("write", "ENOSPC", "no space left on the disk"), ("write", "EIO", "Input/output error"),
        ("fsync", "EIO", "cannot sync"),
      ]) func aTrainingGoesOnWhenADiskFails(call: String, error: String, words: String) throws
    {
      let training = try TinyTraining()
      let outcome = try training.train("run", environment: FailingCalls.environment(call, error, on: "/step-"))
      #expect(outcome.exitCode == 0, "\(outcome.tail)")
      let warnings = outcome.output.split(separator: "\n").filter { $0.contains("a checkpoint could not be written") }
      #expect(warnings.count == 1, "\(outcome.tail)")
      let warning = warnings.first ?? ""
      #expect(warning.contains(words) && warning.contains("step-000000003.h5"), "\(warnings)")
      let files = training.checkpoints("run")
      #expect(!files.contains("step-000000003.h5") && files.contains("step-000000004.h5"), "\(files)")
      #expect(!files.contains { $0.contains("partial") }, "\(files)")
      try training.expectGoodCheckpoints("run")
      #expect(try training.digest("run") == training.goodDigest())
    }

    @Test(.enabled(if: FailingCalls.isAvailable, "needs a C compiler"))
    func metricsOfAFullDiskAreWrittenLater() throws {
      let training = try TinyTraining()
      let outcome = try training.train(
        "run", environment: FailingCalls.environment("write", "ENOSPC", on: "metrics.jsonl", from: 3, count: 4))
      #expect(outcome.exitCode == 0, "\(outcome.tail)")
      #expect(outcome.output.contains("the lines are kept for later"), "\(outcome.tail)")
      let metrics = try String(contentsOfFile: training.path("run") + "/metrics.jsonl", encoding: .utf8)
      let steps = metrics.split(separator: "\n").filter { $0.contains("\"kind\": \"step\"") }
      #expect(steps.count == 10, "\(metrics)")
      for (index, line) in steps.enumerated() { #expect(line.contains("\"step\": \(index + 1),"), "\(line)") }
    }

    /// As on a network file system without locks: the training works, and a second one in the folder is refused all the
    /// same.
    @Test(.enabled(if: FailingCalls.isAvailable, "needs a C compiler"))
    func aFolderWithoutLocksWillDo() throws {
      let training = try TinyTraining()
      let environment = FailingCalls.environment("flock", "ENOLCK", on: "/", count: 1_000_000)
      let outcome = try training.train("run", environment: environment)
      #expect(outcome.exitCode == 0, "\(outcome.tail)")
      var second: MPILauncher.Outcome?
      let metrics = training.path("busy") + "/metrics.jsonl"
      let first = try training.train("busy", environment: environment, ["--set", "train.steps=100000"]) { process in
        guard second == nil, FileManager.default.fileExists(atPath: metrics) else { return }
        second = try? training.train("busy", environment: environment, ["--resume", "auto"])
        kill(process, SIGTERM)
      }
      #expect(first.exitCode == 75, "\(first.tail)")
      #expect(second?.exitCode == 73, "\(second?.tail ?? "not started")")
    }

    static let canMountReadOnly =
      (try? MPILauncher(ranks: 0).run(
        "/usr/bin/env", ["unshare", "--mount", "mount", "-t", "tmpfs", "-o", "ro", "tmpfs", "/mnt"]
      ).exitCode) == 0

    @Test(.enabled(if: canMountReadOnly, "needs the right to mount")) func aReadOnlyFolderIsSaid() throws {
      let training = try TinyTraining()
      let program = try TestedPackage.program("fcn-dist")
      let outcome = try MPILauncher(ranks: 0).run(
        "/usr/bin/env",
        ["unshare", "--mount", "bash", "-c", "mount -t tmpfs -o ro tmpfs /mnt && exec \"$@\"", "bash", program]
          + training.arguments("/mnt/run"))
      #expect(outcome.exitCode == 73, "\(outcome.tail)")
      #expect(outcome.errorLines.count == 1, "\(outcome.tail)")
      #expect(outcome.errorLines.first?.contains("/mnt/run") == true, "\(outcome.tail)")
      #expect(outcome.errorLines.first?.contains("Read-only file system") == true, "\(outcome.tail)")
    }
  }
}
