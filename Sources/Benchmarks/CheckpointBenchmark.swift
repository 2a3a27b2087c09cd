import Checkpoints
import Exchange
import Training
import TrainingConfiguration
import Basics
import Collectives
import Kernels
import Model

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A whole training state copied, written, verified and read, against the same bytes written and synced without more.
package final class CheckpointBenchmark {
  package static let copy = "copy"
  package static let write = "write"
  package static let verify = "verify"
  package static let read = "read"
  package static let raw = "raw write"

  private let folder: String
  private let arena: StateArena
  private let state: CheckpointState
  private let snapshot: Snapshot
  private let copier: StateCopier
  /// Of the checkpoint; known after the first round.
  package private(set) var byteCount = 0

  /// - Parameter folder: where files are written, and removed again.
  package init(_ configuration: Configuration, network: Network, folder: String) throws {
    self.folder = folder
    let optimizer = Optimizer(configuration.optimizer)
    snapshot = try Snapshot(
      table: network.parameters, optimizerStateNames: optimizer.optimizerStateNames, machine: SoloProcessGroup())
    arena = snapshot.arena
    let pool = try WorkerPool(threadCount: network.backend.threadCount)
    copier = StateCopier(
      topology: Topology.separate(trainerCount: 1), trainer: 0, machine: SoloProcessGroup(), pool: pool)
    Initialisation(network.parameters, configuration: network.configuration, seed: 1)
      .run(into: arena.master, pool: pool)
    for (_, values) in arena.optimizerState { values.update(from: arena.master, count: network.parameters.floatCount) }
    state = CheckpointState(
      model: Self.model(network.configuration), parameters: arena.parameterTensors, optimizerName: optimizer.name,
      optimizerState: arena.checkpointOptimizerState,
      training: TrainingProgress(step: 1, epoch: 0, seed: 1, samplesSeen: 8), configurationText: configuration.yaml,
      provenance: [CheckpointLayout.toolVersion: ToolVersion.text])
  }

  private static func model(_ configuration: ModelConfiguration) -> CheckpointModel {
    CheckpointModel(
      configuration, ignoreLabel: 255,
      classNames: (0..<configuration.classes).map { "class\($0)" }, palette: [UInt8](repeating: 0, count: 768),
      mean: [Float](repeating: 0, count: configuration.channels),
      std: [Float](repeating: 1, count: configuration.channels))
  }

  /// One round: writes, verifies and reads a checkpoint, and writes as many bytes plainly.
  package func run(_ round: Round) throws {
    let path = "\(folder)/benchmark-\(getpid()).h5"
    defer { unlink(path) }
    _ = try round.time(Self.copy) { try copier.copy(arena) }
    try round.time(Self.write) { try CheckpointWriter.write(state, to: path, replacing: true) }
    try round.time(Self.verify) { try CheckpointReader(path).verify() }
    try round.time(Self.read) { try arena.fill(from: CheckpointReader(path).state, path: path) }
    let bytes = try FileBytes.read(path, limit: .max)
    byteCount = bytes.count
    unlink(path)
    let plain = "\(folder)/benchmark-\(getpid()).raw"
    defer { unlink(plain) }
    try round.time(Self.raw) { try bytes.withUnsafeBytes { try FileBytes.write($0, to: plain) } }
  }
}
