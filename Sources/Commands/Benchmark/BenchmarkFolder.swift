import Basics
import Foundation

/// A folder for the files of a benchmark, which goes with them.
struct BenchmarkFolder {
  let path: String

  /// - Parameter parent: nil: the system's folder for temporary files.
  init(parent: String?) throws {
    let parent = parent ?? FileManager.default.temporaryDirectory.path
    path = "\(parent)/fcn-dist-benchmark-\(ProcessInfo.processInfo.processIdentifier)"
    try Folder.make(path, remedy: "choose another with --folder or TMPDIR")
  }

  func remove() { try? FileManager.default.removeItem(atPath: path) }
}
