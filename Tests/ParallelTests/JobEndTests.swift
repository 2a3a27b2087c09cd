import Foundation
import TestSupport
import Testing

extension ParallelTests {
  /// How jobs end: with the right code, within seconds, with one line that says why.
  @Suite struct JobEnds {
    private func run(
      _ ranks: Int, _ arguments: [String], environment: [String: String] = [:]
    ) throws -> MPILauncher.Outcome {
      try MPILauncher(ranks: ranks, environment: environment).run("mpi-conformance", arguments)
    }

    @Test(arguments: [0, 1, 3]) func endsWithTheBodysCode(ranks: Int) throws {
      #expect(try run(ranks, ["exit-code", "75"]).exitCode == 75)
      #expect(try run(ranks, ["exit-code", "0"]).exitCode == 0)
    }

    @Test(arguments: [(2, 0), (2, 1), (3, 1), (4, 3)]) func oneRankThrows(ranks: Int, thrower: Int) throws {
      let outcome = try run(ranks, ["throws", "\(thrower)"])
      #expect(outcome.exitCode == 65, "\(outcome.tail)")
      #expect(outcome.seconds < 10)
      #expect(
        outcome.errorLines
          == ["fcn-dist: error: rank \(thrower): label 17 of cat.png is out of range; import it again"])
    }

    @Test(arguments: 2...4) func allRanksThrowAndOneSpeaks(ranks: Int) throws {
      let outcome = try run(ranks, ["throws", "all"])
      #expect(outcome.exitCode == 65, "\(outcome.tail)")
      #expect(outcome.seconds < 10)
      #expect(outcome.errorLines.count == 1, "\(outcome.tail)")
    }

    /// Ranks of several machines that fail alike: the first machine speaks.
    @Test func allMachinesThrowAndOneSpeaks() throws {
      let outcome = try run(4, ["throws", "all"], environment: ["FCN_DIST_RANKS_PER_MACHINE": "1"])
      #expect(outcome.exitCode == 65, "\(outcome.tail)")
      #expect(outcome.errorLines.count == 1, "\(outcome.tail)")
      #expect(outcome.errorLines.first?.contains("rank 0:") == true, "\(outcome.tail)")
    }

    /// A single rank is not called "rank 0".
    @Test(arguments: [0, 1]) func singleRankThrows(ranks: Int) throws {
      let outcome = try run(ranks, ["throws", "all"])
      #expect(outcome.exitCode == 65, "\(outcome.tail)")
      #expect(outcome.errorLines == ["fcn-dist: error: label 17 of cat.png is out of range; import it again"])
    }

    @Test(arguments: [(1, SIGKILL), (0, SIGKILL), (1, SIGSEGV)]) func rankDies(rank: Int, signal: Int32) throws {
      let outcome = try run(3, ["killed", "\(rank)", "\(signal)"])
      #expect(outcome.exitCode == 128 + signal, "\(outcome.tail)")
      #expect(outcome.seconds < 10)
    }

    @Test func badSettingIsSaidOnce() throws {
      let outcome = try run(3, ["hello"], environment: ["FCN_DIST_MPI_PIECE": "much"])
      #expect(outcome.exitCode == 64, "\(outcome.tail)")
      #expect(outcome.errorLines.count == 1, "\(outcome.tail)")
      #expect(outcome.errorLines.first?.contains("FCN_DIST_MPI_PIECE is 'much'") == true)
    }

    /// Asleep, or stopped by a signal: the others wait, and one of them says for whom.
    @Test(arguments: [(0, []), (1, []), (2, ["\(SIGSTOP)"])] as [(Int, [String])])
    func silentRankIsNamed(rank: Int, signal: [String]) throws {
      let folder = TemporaryFolder()
      let outcome = try run(
        3, ["silent", "\(rank)"] + signal,
        environment: ["FCN_DIST_WATCHDOG_SECONDS": "1", "TMPDIR": folder.path])
      #expect(outcome.exitCode == 75, "\(outcome.tail)")
      #expect(outcome.seconds < 15)
      #expect(outcome.errorLines.count == 1, "\(outcome.tail)")
      let line = outcome.errorLines.first ?? ""
      #expect(line.contains("rank \(rank) on ") && line.contains("\"compute\" of step 3"), "\(line)")
      #expect(line.contains("--resume auto"))
      if !signal.isEmpty { #expect(line.contains("stopped"), "\(line)") }
      for other in 0..<3 where other != rank {
        let report = folder.text("hang-rank-\(other).txt")
        #expect(report.contains("step 3  sum"), "\(report)")
        #expect(report.contains("waiting for others"), "\(report)")
      }
    }

    /// Dead while it waited, and unnoticed by a launcher that goes on without it: the others name it, soon.
    @Test func deadRankIsNamedWhereTheLauncherIsSilent() throws {
      var launcher = MPILauncher(ranks: 3)
      launcher.options.append("--enable-recovery")
      let folder = TemporaryFolder()
      launcher.environment = ["FCN_DIST_WATCHDOG_SECONDS": "2", "TMPDIR": folder.path]
      let outcome = try launcher.run("mpi-conformance", ["silent", "1", "\(SIGKILL)", "waiting"])
      // Such a launcher says 0 whatever happens.
      #expect(!outcome.isTimedOut && outcome.seconds < 9, "\(outcome.tail)")
      let line = outcome.errorLines.first ?? ""
      #expect(line.contains("rank 1 on ") && line.contains("\"sum\" of step 3"), "\(line)")
    }

    static let canMount =
      (try? MPILauncher(ranks: 0).run("/usr/bin/env", ["unshare", "--mount", "true"]).exitCode) == 0

    /// A container's small /dev/shm: an error that says how much is needed, where touching the memory would be a signal.
    @Test(.enabled(if: canMount, "needs the right to mount"))
    func smallSharedMemoryIsSaid() throws {
      let program = try TestedPackage.program("mpi-conformance")
      let mpirun = try #require(MPILauncher.mpirun)
      let outcome = try MPILauncher(ranks: 0).run(
        "/usr/bin/env",
        [
          "unshare", "--mount", "sh", "-c",
          "mount -t tmpfs -o size=2m tmpfs /dev/shm && \(mpirun) -n 2 --oversubscribe \(program) shared-memory",
        ])
      #expect(outcome.exitCode == 74, "\(outcome.tail)")
      #expect(outcome.errorLines.count == 1, "\(outcome.tail)")
      let line = outcome.errorLines.first ?? ""
      #expect(line.contains("need 3 MiB of shared memory") && line.contains("--shm-size="), "\(line)")
    }

    @Test func workingRankIsNotTakenForSilent() throws {
      let outcome = try run(3, ["patient"], environment: ["FCN_DIST_WATCHDOG_SECONDS": "1"])
      #expect(outcome.exitCode == 0, "\(outcome.tail)")
    }

    @Test(arguments: [
      ["OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "0"],
      ["PMI_SIZE": "2", "PMI_RANK": "0"],
      ["MPI_LOCALNRANKS": "2", "MPI_LOCALRANKID": "0"],
    ]) func otherLauncherIsRefused(variables: [String: String]) throws {
      let outcome = try run(0, ["hello"], environment: variables)
      #expect(outcome.exitCode == 64, "\(outcome.tail)")
      #expect(outcome.errorLines.count == 1, "\(outcome.tail)")
      #expect(outcome.errorLines.first?.contains("does not belong to the MPI library") == true, "\(outcome.tail)")
    }

    /// The processes of such a launcher are all alone; only the first speaks.
    @Test func otherLaunchersSecondProcessIsQuiet() throws {
      let outcome = try run(0, ["hello"], environment: ["PMI_SIZE": "2", "PMI_RANK": "1"])
      #expect(outcome.exitCode == 64, "\(outcome.tail)")
      #expect(outcome.errorLines.isEmpty, "\(outcome.tail)")
    }

    @Test func shellOfAnAllocationIsNoLauncher() throws {
      let outcome = try run(
        0, ["hello"], environment: ["SLURM_JOB_ID": "12", "SLURM_NTASKS": "8", "SLURM_NNODES": "2"])
      #expect(outcome.exitCode == 0, "\(outcome.tail)")
    }
  }

  /// The launcher itself.
  @Suite struct Launcher {
    @Test func endsAJobThatHangs() throws {
      var launcher = MPILauncher(ranks: 2, timeout: 2)
      launcher.environment["FCN_DIST_WATCHDOG_SECONDS"] = "0"
      var children = Set<String>()
      let outcome = try launcher.run("mpi-conformance", ["silent", "1", "\(SIGSTOP)"]) { launcher in
        let path = "/proc/\(launcher)/task/\(launcher)/children"
        let text = String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
        children.formUnion(text.split(separator: " ").map(String.init))
      }
      #expect(outcome.isTimedOut, "\(outcome.tail)")
      #expect(outcome.seconds < 10)
      #expect(children.count >= 2)
      // The ranks are gone with it (in the end: a killed process takes a moment to disappear).
      usleep(300_000)
      for child in children {
        let command = FileManager.default.contents(atPath: "/proc/\(child)/cmdline") ?? Data()
        #expect(!String(decoding: command, as: UTF8.self).contains("mpi-conformance"), "rank \(child) is still there")
      }
    }

    @Test func keepsOutputAndErrorsApart() throws {
      let outcome = try MPILauncher(ranks: 0).run("/bin/sh", ["-c", "echo out; echo err >&2; exit 3"])
      #expect(outcome.output == "out\n" && outcome.errors == "err\n" && outcome.exitCode == 3)
    }
  }
}
