import Foundation
import TestSupport
import Testing

extension ParallelTests {
  /// Ranks that the system refuses memory, or kills for the memory they have.
  @Suite struct MemoryFaults {
    private func command(_ arguments: [String], rank1 prologue: String) throws -> [String] {
      let program = try TestedPackage.program("fcn-dist")
      return ["--oversubscribe", "--bind-to", "none", "-n", "1", program] + arguments
        + [":", "-n", "1", "/bin/sh", "-c", "\(prologue) && exec \"$@\"", "sh", program] + arguments
    }

    /// The other program takes what its group has left, and the system chooses the rank to make room.
    @Test(.enabled(if: MemoryGroup.isAllowed, "needs the right to make a control group with a limit of memory"))
    func aRankKilledForItsMemoryEndsTheJob() throws {
      let training = try TinyTraining()
      let good = try training.goodDigest()
      let group = try #require(MemoryGroup(byteCount: 64 << 20))
      var other: MPILauncher.Outcome?
      // Stopped in a step, so that it is there that it is killed.
      let outcome = try MPILauncher(ranks: 0, timeout: 40, environment: ["FCN_DIST_FAULT": "stall@1:7"]).run(
        try #require(MPILauncher.mpirun),
        command(training.arguments("run"), rank1: "\(group.entry) && echo 1000 > /proc/self/oom_score_adj")
      ) { launcher in
        guard other == nil,
          MPILauncher.children(of: launcher).contains(where: { ObservedProcess(identifier: $0).isStopped })
        else { return }
        other = try? MPILauncher(ranks: 0, timeout: 10).run(
          "/bin/sh", ["-c", "\(group.entry) && head -c 63M /dev/zero | tail -n 1 | wc -c"])
      }
      #expect(other != nil && outcome.exitCode == 137, "\(outcome.tail)")
      #expect(outcome.seconds < 20)
      #expect(outcome.errors.contains("rank 1 ") && outcome.errors.contains("signal 9"), "\(outcome.tail)")
      let resumed = try training.train("run", ranks: 2, ["--resume", "auto"])
      #expect(resumed.exitCode == 0, "\(resumed.tail)")
      #expect(resumed.output.contains("resuming after step 6 from"), "\(resumed.tail)")
      #expect(try training.digest("run") == good)
    }

    /// The images want gigabytes, and the rank may have one and a half.
    @Test func aRankWithoutRoomForItsImagesSaysHowMuchItWants() throws {
      let training = try TinyTraining(
        """
        model: {architecture: fcn32s, widths: [256, 4, 4, 4, 4], fc: 8}
        batch: {global: 2, micro: 1}
        train: {steps: 1}
        """, train: 2, val: 1, size: (1024, 1024))
      let outcome = try MPILauncher(ranks: 0).run(
        try #require(MPILauncher.mpirun), command(training.arguments("run"), rank1: "ulimit -v 1500000"))
      #expect(outcome.exitCode == 70, "\(outcome.tail)")
      #expect(outcome.seconds < 20)
      #expect(outcome.errorLines.count == 1, "\(outcome.tail)")
      let line = outcome.errorLines.first ?? ""
      #expect(line.contains("rank 1: cannot get ") && line.contains(" MiB of memory"), "\(line)")
      #expect(line.contains("fewer ranks on this machine, a smaller batch.micro"), "\(line)")
    }

    /// Not a page more than it has: the next evaluation wants threads. Where a library wants memory before that and crashes
    /// of it, the line says so, too.
    @Test(arguments: [(0, "stall@0:4"), (1, "stall@1:4"), (1, "stall@1:5,crash@1:6")])
    func aRankThatIsRefusedMemoryMidwaySaysSo(rank: Int, fault: String) throws {
      let training = try TinyTraining()
      let good = try training.goodDigest()
      var isLimited = false
      let outcome = try training.train("run", ranks: 2, timeout: 40, environment: ["FCN_DIST_FAULT": fault]) {
        launcher in
        guard !isLimited,
          let stopped = MPILauncher.children(of: launcher).first(where: { ObservedProcess(identifier: $0).isStopped })
        else { return }
        let limit = try? MPILauncher(ranks: 0).run(
          "/bin/sh",
          [
            "-c", "prlimit --pid \(stopped) --as=$(($(cut -d ' ' -f 1 /proc/\(stopped)/statm) * $(getconf PAGESIZE)))",
          ])
        isLimited = limit?.exitCode == 0
        kill(stopped, SIGCONT)
      }
      let words = outcome.exitCode == 70 ? "cannot start a thread" : "perhaps for want of memory"
      let codes: [Int32] = fault.contains("crash") ? [139] : [70, 139]
      #expect(isLimited && codes.contains(outcome.exitCode) && outcome.seconds < 20, "\(outcome.tail)")
      #expect(outcome.errorLines.count == 1, "\(outcome.tail)")
      let line = outcome.errorLines.first ?? ""
      #expect(line.contains("rank \(rank)") && line.contains(words), "\(line)")
      #expect(line.contains("`ulimit -v`") && line.contains("fewer ranks on this machine"), "\(line)")
      let resumed = try training.train("run", ranks: 2, ["--resume", "auto"])
      #expect(resumed.exitCode == 0, "\(resumed.tail)")
      #expect(try training.digest("run") == good)
    }
  }
}
