import Basics

/// A run's folder (docs/formats.md section 7), held by one job at a time.
package final class RunFolder {
  package let path: String
  private let lock: RunLock

  package var configurationPath: String { path + "/config.yaml" }
  package var metricsPath: String { path + "/metrics.jsonl" }
  package var checkpointsPath: String { path + "/checkpoints" }
  package var predictionsPath: String { path + "/predictions" }
  package var reportPath: String { path + "/report.html" }

  /// Makes the folder where it is missing, and takes its lock.
  ///
  /// - Throws: `Failure(.cannotCreate)` when it cannot be written, or another job works in it.
  package init(path: String) throws {
    self.path = path
    try Folder.make(path + "/checkpoints", remedy: "give another folder for the run with --output")
    lock = try RunLock(path: path + "/.lock")
  }

  /// Gives the lock back.
  package func close() { lock.release() }

  /// Writes a small file of the folder: it is there whole or not at all.
  package func write(_ text: String, to file: String) throws {
    try Array(text.utf8).withUnsafeBytes { try FileBytes.write($0, to: file) }
  }
}
