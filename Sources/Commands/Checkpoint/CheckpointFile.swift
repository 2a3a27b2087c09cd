import Basics
import Storage

/// What the commands ask of a file before they know what it is.
enum CheckpointFile {
  /// Is it a whole checkpoint, not a file of parameters only?
  static func isCheckpoint(_ path: String) throws -> Bool {
    let file = try HDF5File.open(path)
    defer { try? file.close() }
    return file.root.hasAttribute("format") && file.root.contains("training")
  }
}
