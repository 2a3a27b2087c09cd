import TestSupport
import Testing

extension ParallelTests {
  /// Real processes that fail at a chosen place: the job ends in bounded time, says which rank, and goes on to the same
  /// bits as a training that nothing happened to.
  @Suite struct FaultsUnderMPI {
    let training: TinyTraining
    let good: String

    init() throws {
      training = try TinyTraining()
      good = try training.goodDigest()
    }

    private func train(
      _ output: String, ranks: Int, fault: String = "", _ more: [String] = [], environment: [String: String] = [:]
    ) throws -> MPILauncher.Outcome {
      let settings = ["FCN_DIST_FAULT": fault, "FCN_DIST_WATCHDOG_SECONDS": "2"]
      return try training.train(
        output, ranks: ranks, timeout: 40, environment: settings.merging(environment) { $1 }, more)
    }

    private func resumesToTheSameEnd(_ output: String, ranks: Int) throws {
      let resumed = try train(output, ranks: ranks, ["--resume", "auto"])
      #expect(resumed.exitCode == 0, "\(resumed.tail)")
      #expect(try training.digest(output) == good)
    }

    /// Trainers in the middle of a step, and a dedicated coordinator while the others train or wait for it.
    @Test(arguments: [
      (2, "shared", 0, 7), (3, "shared", 1, 5), (3, "dedicated", 0, 8), (3, "dedicated", 2, 7), (2, "dedicated", 1, 5),
    ]) func aStoppedRankIsNamedInTime(ranks: Int, coordinator: String, rank: Int, step: Int) throws {
      let outcome = try train(
        "stopped", ranks: ranks, fault: "stall@\(rank):\(step)",
        ["--set", "distributed.coordinator=\(coordinator)"])
      #expect(outcome.exitCode == 75, "\(outcome.tail)")
      #expect(outcome.seconds < 25)
      #expect(outcome.errorLines.count == 1, "\(outcome.tail)")
      let line = outcome.errorLines.first ?? ""
      #expect(line.contains("rank \(rank) on ") && line.contains("stopped) has not moved"), "\(line)")
      // Its neighbour says where each of its threads is, by the functions' names.
      let report = training.folder.text("stopped/hang-rank-\(rank == 0 ? 1 : 0).txt")
      #expect(report.contains("each with its innermost function first"), "\(report)")
      #expect(report.contains(" Training.") || report.contains("of Training."), "\(report)")
      if coordinator == "shared" { #expect(report.contains("MPI_"), "\(report)") }
      try resumesToTheSameEnd("stopped", ranks: 2)
    }

    @Test(arguments: [(3, "shared", "kill@1:7"), (3, "dedicated", "kill@0:8"), (2, "shared", "crash@0:5")])
    func aDeadRankEndsTheJob(ranks: Int, coordinator: String, fault: String) throws {
      let outcome = try train(
        "dead", ranks: ranks, fault: fault, ["--set", "distributed.coordinator=\(coordinator)"])
      #expect(outcome.exitCode > 128, "\(outcome.tail)")
      #expect(outcome.seconds < 15)
      try resumesToTheSameEnd("dead", ranks: 3)
    }

    /// The process says what it was at before it ends as it would have.
    @Test(arguments: [("crash@1:5", "SIGSEGV", 1), ("abort@0:6", "SIGABRT", 0)])
    func aCrashLeavesItsStack(fault: String, name: String, rank: Int) throws {
      let outcome = try train("crash", ranks: 2, fault: fault)
      #expect(outcome.exitCode > 128, "\(outcome.tail)")
      #expect(outcome.errorLines.count == 1, "\(outcome.tail)")
      let line = outcome.errorLines.first ?? ""
      #expect(line.contains("crashed (\(name)) in \"computing gradients\" of step"), "\(line)")
      #expect(line.contains("crash-rank-\(rank).txt"), "\(line)")
      let report = training.folder.text("crash/crash-rank-\(rank).txt")
      #expect(report.contains("rank \(rank) on ") && report.contains("crashed (\(name))"), "\(report)")
      #expect(report.contains("ms before  step 3  updating parameters"), "\(report)")
      // As the linker knows it.
      #expect(report.contains("$s8Training"), "\(report)")
    }

    @Test func aSlowRankIsNamedAndChangesNothing() throws {
      // On a busy machine a step now and then is slower on the other rank.
      let longer = [
        "--set", "train.steps=99", "--set", "train.evaluate_every=50", "--set", "train.checkpoint_every=50",
      ]
      let even = try train("even", ranks: 0, longer)
      #expect(even.exitCode == 0, "\(even.tail)")
      let outcome = try train("slow", ranks: 2, fault: "slow@1:2", longer)
      #expect(outcome.exitCode == 0, "\(outcome.tail)")
      let warnings = outcome.output.split(separator: "\n").filter { $0.hasPrefix("warning: ") }
      #expect(warnings.count == 1, "\(outcome.tail)")
      #expect(warnings.first?.contains(": rank 1 on ") == true, "\(outcome.tail)")
      #expect(warnings.first?.contains("times as long as the median rank in ") == true, "\(outcome.tail)")
      #expect(try training.digest("slow", step: 99) == training.digest("even", step: 99))
    }

    /// Alone on its machine, a stopped rank is seen by nobody's shared memory: the others miss its sign of life.
    @Test func aStoppedRankThatIsAloneOnItsMachineIsNamedInTime() throws {
      let outcome = try train(
        "alone", ranks: 3, fault: "stall@1:5", environment: ["FCN_DIST_RANKS_PER_MACHINE": "1"])
      #expect(outcome.exitCode == 75, "\(outcome.tail)")
      #expect(outcome.seconds < 20)
      #expect(outcome.errorLines.count == 1, "\(outcome.tail)")
      let line = outcome.errorLines.first ?? ""
      #expect(line.contains("rank 1 on ") && line.contains("has given no sign of life for"), "\(line)")
      #expect(line.contains("its last was: process "), "\(line)")
      try resumesToTheSameEnd("alone", ranks: 2)
    }

    @Test(arguments: [2, 4]) func aWrongBitSendsTheJobBack(ranks: Int) throws {
      let outcome = try train("flipped", ranks: ranks, fault: "flip-weight@\(ranks - 1):7")
      #expect(outcome.exitCode == 75, "\(outcome.tail)")
      #expect(outcome.errorLines.count == 1, "\(outcome.tail)")
      #expect(outcome.errorLines.first?.contains("changed in the memory of rank") == true, "\(outcome.tail)")
      try resumesToTheSameEnd("flipped", ranks: 2)
    }

    private func supervise(_ output: String, fault: [String: String], _ more: [String] = []) throws
      -> MPILauncher.Outcome
    {
      let environment = ["FCN_DIST_WATCHDOG_SECONDS": "2"].merging(fault) { _, new in new }
      return try training.train(output, by: "supervise", timeout: 90, environment: environment, more)
    }

    @Test(arguments: ["kill@1:7", "stall@0:5", "flip-weight@1:7"]) func theSupervisorStartsAgain(fault: String) throws {
      let outcome = try supervise(
        "supervised", fault: ["FCN_DIST_FAULT": fault, "FCN_DIST_FAULT_ONCE": training.folder.file("marker")])
      #expect(outcome.exitCode == 0, "\(outcome.tail)")
      #expect(outcome.output.contains("; start 2, from the newest good checkpoint"), "\(outcome.tail)")
      #expect(!outcome.output.contains("start 3"), "\(outcome.tail)")
      #expect(try training.digest("supervised") == good)
    }

    @Test func theSupervisorGivesUp() throws {
      let twice = try supervise("twice", fault: ["FCN_DIST_FAULT": "kill@1:7"])
      #expect(twice.exitCode == 137, "\(twice.tail)")
      #expect(twice.errorLines.last?.contains("failed twice alike after step 6") == true, "\(twice.tail)")
      #expect(!twice.output.contains("start 3"), "\(twice.tail)")
      // What would only come back is not tried again.
      let wrong = try supervise("wrong", fault: [:], ["--set", "train.seed=-1"])
      #expect(wrong.exitCode == 78 && !wrong.output.contains("start 2"), "\(wrong.tail)")
    }

    @Test func anInfiniteGradientStopsOrIsSkipped() throws {
      let stopped = try train("nan", ranks: 2, fault: "nan@1:4")
      #expect(stopped.exitCode == 65, "\(stopped.tail)")
      #expect(stopped.errorLines.count == 1, "\(stopped.tail)")
      #expect(stopped.errorLines.first?.contains("step 4: the gradient is not finite") == true, "\(stopped.tail)")
      let skipped = try train("skip", ranks: 2, fault: "nan@1:4", ["--set", "train.nonfinite=skip"])
      #expect(skipped.exitCode == 0, "\(skipped.tail)")
      #expect(skipped.output.contains("warning: step 4: the gradient is not finite"), "\(skipped.tail)")
    }
  }
}
