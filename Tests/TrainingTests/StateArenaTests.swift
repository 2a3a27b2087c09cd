import Basics
import Checkpoints
import Collectives
import Kernels
import Model
import Testing
import Training

/// What goes from a training's memory into a checkpoint, and back.
@Suite struct StateArenaTests {
  private func arena() throws -> StateArena {
    let network = try Network(
      ModelConfiguration(
        architecture: .fcn16s, upsampling: .fixed, widths: [4, 4, 4, 4, 4], fc: 8, dropout: 0, classes: 3),
      backend: try PortableBackend(precision: .float32, threads: 1), reference: (1, 32, 32))
    return try Snapshot(table: network.parameters, optimizerStateNames: ["momentum"], machine: SoloProcessGroup()).arena
  }

  private func state(_ arena: StateArena) -> CheckpointState {
    CheckpointState(
      model: CheckpointFixture.model, parameters: arena.parameterTensors, optimizerName: "sgd",
      optimizerState: arena.checkpointOptimizerState,
      training: TrainingProgress(step: 1, epoch: 0, seed: 1, samplesSeen: 1),
      configurationText: "")
  }

  @Test func aStateComesBack() throws {
    let (written, read) = (try arena(), try arena())
    for (number, values) in written.arenas.enumerated() {
      for i in 0..<written.table.floatCount { values[i] = Float(number * 1000 + i % 911) }
    }
    let state = state(written)
    try read.fill(from: state, path: "a.h5")
    #expect(try self.state(read).digest() == state.digest())
  }

  /// Those that are not updated too: nothing else would give them their values.
  @Test func everyParameterHasToBeThere() throws {
    let arena = try arena()
    let fixed = try #require(arena.table.parameters.first { !$0.isUpdated }).name
    #expect(!arena.checkpointOptimizerState[0].tensors.contains { $0.name == fixed })
    for name in [fixed, "fc6/weight"] {
      var state = state(arena)
      state.parameters.removeAll { $0.name == name }
      let failure = #expect(throws: Failure.self) { try arena.fill(from: state, path: "a.h5") }
      #expect(failure == Failure(.badData, "a.h5 has no parameters for \(name)"))
    }
    var state = state(arena)
    state.optimizerState[0].tensors.removeFirst()
    let failure = #expect(throws: Failure.self) { try arena.fill(from: state, path: "a.h5") }
    #expect(failure?.message.contains("a.h5 has no momentum for ") == true)
  }
}
