import Basics
import Storage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Writes checkpoints so that they are whole or not there: under a temporary name, synced, read back, renamed. Called on
/// rank 0 alone, by the run's recorder (`Training/Coordination/RunRecorder.swift`) through `CheckpointStore`.
package enum CheckpointWriter {
  /// - Parameters:
  ///   - replacing: whether a file that is already there may be replaced, at the moment the new one is whole.
  ///   - reached: told of every point of the protocol.
  /// - Throws: `Failure(.cannotCreate)` if the file is there or cannot be created, `.inputOutput` if the disk is full or
  ///   failing. Nothing is left behind then, and older files are as they were.
  package static func write(
    _ state: CheckpointState, to path: String, replacing: Bool = false, reached: (CheckpointPoint) -> Void = { _ in }
  ) throws {
    let temporary = TemporaryFile(for: path)
    defer { temporary.discard() }
    do {
      try refuseExisting(path, replacing)
      let file = try HDF5File.create(temporary.path)
      // Closed also on an error: a file that stays open keeps its space on a full disk.
      defer { try? file.close() }
      reached(.created)
      try CheckpointContent(state: state).write(to: file.root) { reached(.half) }
      try file.close(sealing: .everything)
      reached(.sealed)
      try FileBytes.synchronise(temporary.path)
      reached(.synced)
      try CheckpointReader(temporary.path).verify()
      reached(.verified)
      try refuseExisting(path, replacing)
      try FileBytes.commit(temporary.path, as: path) { reached(.renamed) }
      reached(.committed)
    } catch let failure as Failure {
      throw Failure(
        failure.kind == .badData ? .inputOutput : failure.kind,
        failure.message.replacing(temporary.path, with: path), remedy: failure.remedy)
    }
  }

  private static func refuseExisting(_ path: String, _ replacing: Bool) throws {
    var status = stat()
    guard replacing || lstat(path, &status) != 0 else {
      throw Failure(.cannotCreate, "\(path) exists already", remedy: "remove it or choose another output folder")
    }
  }
}
