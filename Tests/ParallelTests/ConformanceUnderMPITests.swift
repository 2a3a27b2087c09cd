import Basics
import Foundation
import Testing

extension ParallelTests {
  /// What `ProcessGroup` promises, of processes connected by MPI.
  @Suite struct ConformanceUnderMPI {
    private func run(
      _ ranks: Int, _ arguments: [String], environment: [String: String] = [:]
    ) throws -> MPILauncher.Outcome {
      try MPILauncher(ranks: ranks, environment: environment).run("mpi-conformance", arguments)
    }

    /// All cases in one job: starting a job takes longer than most of them.
    @Test(arguments: 1...5) func holds(ranks: Int) throws {
      let outcome = try run(ranks, ["all"])
      #expect(outcome.exitCode == 0, "\(outcome.tail)")
      #expect(outcome.errors.contains("all: good on \(ranks)"), "\(outcome.tail)")
    }

    @Test func holdsWithoutLauncher() throws {
      let outcome = try run(0, ["all"])
      #expect(outcome.exitCode == 0, "\(outcome.tail)")
      #expect(outcome.errors.contains("all: good on 1"), "\(outcome.tail)")
    }

    /// Every message and every buffer in many MPI calls, as beyond 2^31.
    @Test(arguments: [8, 64, 4096]) func holdsInPieces(bytes: Int) throws {
      let outcome = try run(3, ["all"], environment: ["FCN_DIST_MPI_PIECE": "\(bytes)"])
      #expect(outcome.exitCode == 0, "\(outcome.tail)")
    }

    @Test func holdsWhileCallsAreChecked() throws {
      let outcome = try run(4, ["all"], environment: ["FCN_DIST_CHECK_COLLECTIVES": "1"])
      #expect(outcome.exitCode == 0, "\(outcome.tail)")
    }

    @Test(arguments: [1, 2, 3]) func holdsOnPretendedMachines(ranksPerMachine: Int) throws {
      let outcome = try run(4, ["all"], environment: ["FCN_DIST_RANKS_PER_MACHINE": "\(ranksPerMachine)"])
      #expect(outcome.exitCode == 0, "\(outcome.tail)")
    }

    @Test(arguments: [2, 3]) func findsCallsThatDiffer(ranks: Int) throws {
      let outcome = try run(ranks, ["disagree"], environment: ["FCN_DIST_CHECK_COLLECTIVES": "1"])
      #expect(outcome.exitCode == 0, "\(outcome.tail)")
    }

    @Test(arguments: [1, 3]) func refusesClosedGroups(ranks: Int) throws {
      let outcome = try run(ranks, ["closed"])
      #expect(outcome.exitCode == 0, "\(outcome.tail)")
    }

    @Test(arguments: [1, 2, 3]) func freesHandles(ranks: Int) throws {
      let outcome = try run(ranks, ["handles"])
      #expect(outcome.exitCode == 0, "\(outcome.tail)")
    }

    /// 2 GiB and some for each of two ranks.
    @Test(.enabled(if: availableGibibytes >= 6, "needs 6 GiB of free memory"))
    func countsBeyond32Bits() throws {
      let outcome = try run(2, ["beyond-32-bits"])
      #expect(outcome.exitCode == 0, "\(outcome.tail)")
    }

    private static let availableGibibytes: Int = {
      let lines = (SystemFile.text("/proc/meminfo") ?? "").split(separator: "\n")
      let words = lines.first { $0.hasPrefix("MemAvailable:") }?.split(separator: " ") ?? []
      return words.count > 1 ? (Int(words[1]) ?? 0) >> 20 : 0
    }()
  }
}
