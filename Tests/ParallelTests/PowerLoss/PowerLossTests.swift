import Foundation
import RunLogging
import TestSupport
import Testing

extension ParallelTests {
  /// What a disk may hold after a power loss, made from what a real run did to its files.
  @Suite(.enabled(if: FileRecorder.isAvailable, "needs a C compiler")) struct PowerLosses {
    /// A run with checkpoints after steps 3, 4 (the best so far), 6, 8, 9 and 10, of which only the newest and the best
    /// are kept.
    private struct Recording {
      let training: TinyTraining
      let operations: [FileOperation]

      /// - Parameter ranks: 0 is a process without mpirun.
      init(ranks: Int) throws {
        training = try TinyTraining(
          TinyTraining.configuration.replacing("fcn32s", with: "fcn8s").replacing("keep: 9", with: "keep: 1"))
        let scratch = TemporaryFolder()
        let outcome = try training.train(
          "run", ranks: ranks,
          environment: FileRecorder.environment(folder: training.folder.path, log: scratch.file("log")))
        try #require(outcome.exitCode == 0, "\(outcome.tail)")
        operations = try FileOperation.read(scratch.file("log"))
      }

      func simulation() -> PowerLossSimulation { PowerLossSimulation(of: training.folder.path, run: "run") }
    }

    @Test func theNewestAnnouncedCheckpointSurvivesAPowerLoss() throws {
      let recording = try Recording(ranks: 2)
      let simulation = recording.simulation()
      try simulation.replay(recording.operations)
      #expect(simulation.problems.isEmpty, "\(simulation.problems.prefix(9).joined(separator: "\n"))")
      #expect(simulation.announced == 10)
      #expect(
        recording.operations.count > 500 && simulation.stateCount > 300,
        "\(recording.operations.count) operations, \(simulation.stateCount) states")
      // Nothing that the run did was missed: its operations make the folder that it left.
      guard case .folder(let folder) = simulation.disk(after: .nothing)["run"] else {
        Issue.record("there is no run")
        return
      }
      let real = try DiskState(reading: recording.training.path("run"))
      #expect(DiskState(folder: folder).summary == real.summary)
    }

    /// The program itself goes on with such a disk, whose metrics may have holes or be cut off too.
    @Test func aRunGoesOnAfterAPowerLoss() throws {
      let recording = try Recording(ranks: 0)
      let training = recording.training
      let digest = try training.digest("run")
      var resumed: [String] = []
      func losePower(_ step: Int, _ loss: PowerLoss, _ simulation: PowerLossSimulation) throws {
        guard case .folder(let folder) = simulation.disk(after: loss)["run"] else {
          Issue.record("there is no run: \(loss)")
          return
        }
        let output = "after-\(resumed.count)"
        try DiskState(folder: folder).write(to: training.path(output))
        let outcome = try training.train(output, ["--resume", "auto"])
        #expect(outcome.exitCode == 0, "\(loss): \(outcome.tail)")
        #expect(outcome.output.contains("resuming after step \(step) from"), "\(loss): \(outcome.tail)")
        #expect(try training.digest(output) == digest, "\(loss)")
        let metrics = try MetricsContent(path: training.path(output) + "/metrics.jsonl")
        #expect(metrics.unreadableLines == 0 && metrics.steps.last?.step == 10, "\(loss)")
        resumed.append(output)
      }
      try recording.simulation().replay(recording.operations) { index, simulation in
        switch recording.operations[index] {
        case .rename(_, let to) where to.hasSuffix("/step-000000006.h5"):
          try losePower(4, .everything, simulation)
          try losePower(6, .zeros, simulation)
        case .remove(let path) where path.hasSuffix("/step-000000006.h5"):
          try losePower(8, .some(seed: 1), simulation)
        default: break
        }
      }
      #expect(resumed.count == 3)
    }

    enum Sync: CaseIterable { case contents, names, folders }

    /// Without one of its syncs the same run would lose checkpoints, and the simulation sees it.
    @Test(arguments: Sync.allCases) func aMissingSyncIsFound(sync: Sync) throws {
      let recording = try Recording(ranks: 0)
      let simulation = recording.simulation()
      let operations = recording.operations.filter { operation in
        guard case .synchronise(let path) = operation else { return true }
        switch sync {
        case .contents: return !path.contains("/checkpoints/step-")
        case .names: return !path.hasSuffix("/checkpoints")
        case .folders: return path != recording.training.folder.path
        }
      }
      #expect(operations.count < recording.operations.count)
      try simulation.replay(operations) { index, simulation in
        if simulation.problems.isEmpty { try simulation.losePower(at: index) }
      }
      #expect(!simulation.problems.isEmpty)
    }
  }
}
