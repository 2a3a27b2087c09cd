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
      table: network.parameters, slotNames: optimizer.slotNames, machine: SoloProcessGroup())
    arena = snapshot.arena
    let pool = try WorkerPool(threadCount: network.backend.threadCount)
    copier = StateCopier(
      topology: Topology.separate(trainerCount: 1), trainer: 0, machine: SoloProcessGroup(), pool: pool)
    Initialisation(network.parameters, configuration: network.configuration, seed: 1)
      .run(into: arena.master, pool: pool)
    for (_, values) in arena.slots { values.update(from: arena.master, count: network.parameters.floatCount) }
    let updated = network.parameters.parameters.filter(\.isUpdated)
    state = CheckpointState(
      model: Self.model(network.configuration),
      parameters: Self.tensors(of: network.parameters.parameters, in: arena.master), optimizerName: optimizer.name,
      slots: arena.slots.map { CheckpointSlot(name: $0.name, tensors: Self.tensors(of: updated, in: $0.values)) },
      training: TrainingProgress(step: 1, epoch: 0, seed: 1, samplesSeen: 8), configurationText: configuration.yaml,
      provenance: [CheckpointLayout.toolVersion: ToolVersion.text])
  }

  private static func model(_ configuration: ModelConfiguration) -> CheckpointModel {
    CheckpointModel(
      architecture: configuration.architecture.rawValue, geometry: configuration.geometry.rawValue,
      upsampling: configuration.upsampling.rawValue, classes: configuration.classes, channels: configuration.channels,
      widths: configuration.widths, fc: configuration.fc, pool4Scale: Double(configuration.pool4Scale),
      pool3Scale: Double(configuration.pool3Scale), ignoreLabel: 255,
      classNames: (0..<configuration.classes).map { "class\($0)" }, palette: [UInt8](repeating: 0, count: 768),
      mean: [Float](repeating: 0, count: configuration.channels),
      std: [Float](repeating: 1, count: configuration.channels))
  }

  private static func tensors(of parameters: [Parameter], in arena: UnsafeMutablePointer<Float>) -> [CheckpointTensor] {
    parameters.map { parameter in
      CheckpointTensor(name: parameter.name, shape: parameter.canonicalShape) { buffer in
        if let base = buffer.baseAddress { parameter.exportCanonical(from: arena, into: base) }
      }
    }
  }

  package func run(_ round: Round) throws {
    let path = "\(folder)/benchmark-\(getpid()).h5"
    defer { unlink(path) }
    _ = try round.time(Self.copy) { try copier.copy(arena) }
    try round.time(Self.write) { try CheckpointWriter.write(state, to: path, replacing: true) }
    try round.time(Self.verify) { try CheckpointReader(path).verify() }
    try round.time(Self.read) { try read(path) }
    let bytes = try FileBytes.read(path, limit: .max)
    byteCount = bytes.count
    unlink(path)
    let plain = "\(folder)/benchmark-\(getpid()).raw"
    defer { unlink(plain) }
    try round.time(Self.raw) { try bytes.withUnsafeBytes { try FileBytes.write($0, to: plain) } }
  }

  /// All parameters and optimizer slots into the arenas, as at the start of a resumed training.
  private func read(_ path: String) throws {
    let reader = try CheckpointReader(path)
    let parameters = Dictionary(uniqueKeysWithValues: arena.table.parameters.map { ($0.name, $0) })
    func fill(_ values: UnsafeMutablePointer<Float>, _ tensors: [CheckpointTensor]) throws {
      for tensor in tensors {
        try tensor.withValues {
          guard let base = $0.baseAddress else { return }
          parameters[tensor.name]?.importCanonical(base, into: values)
        }
      }
    }
    try fill(arena.master, reader.state.parameters)
    for (slot, stored) in zip(arena.slots, reader.state.slots) { try fill(slot.values, stored.tensors) }
  }
}
