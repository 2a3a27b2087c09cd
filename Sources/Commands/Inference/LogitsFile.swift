import Basics
import Foundation
import Storage

/// The HDF5 file of `predict --logits`: `/logits/<key>`, float32 [classes, height, width], of a classifier [classes]. A
/// `/` in a key becomes `:`.
final class LogitsFile: ScoreReceiver {
  private let path: String
  private let temporary: String
  private let file: HDF5File
  private let group: HDF5Group
  private var isFinished = false

  init(path: String) throws {
    self.path = path
    temporary = FileBytes.temporaryPath(for: path)
    try? FileManager.default.removeItem(atPath: temporary)
    file = try HDF5File.create(temporary)
    group = try file.root.createGroup("logits")
  }

  deinit {
    guard !isFinished else { return }
    try? file.close()
    try? FileManager.default.removeItem(atPath: temporary)
  }

  func write(_ logits: [Float], key: String, shape: [Int]) throws {
    // A slash would name a group within the group.
    let name = String(key.map { $0 == "/" ? ":" : $0 })
    _ = try group.write(name, logits, shape: shape)
  }

  /// Gives the file its name. A file that was there is replaced.
  func finish() throws {
    try file.close()
    try FileBytes.commit(temporary, as: path)
    isFinished = true
  }
}
