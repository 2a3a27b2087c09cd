import Basics
import Collectives
import Foundation
import RunLogging
import SegmentationData

/// Which dataset a training gets.
enum DataChoice {
  private static let fallback = "data"

  /// The folder that was given; else `data`, where rank 0 first makes the synthetic dataset if there is nothing.
  ///
  /// - Important: Collective over `group`.
  static func folder(_ given: String?, group: any ProcessGroup, console: Console) throws -> String {
    if let given { return given }
    if group.isCoordinator, try isEmpty(fallback) { try synthesise(in: fallback, console) }
    try group.barrier()
    return fallback
  }

  /// What is taken where nothing was given, if it is there.
  static var existing: String? { (try? isEmpty(fallback)) == false ? fallback : nil }

  private static func isEmpty(_ folder: String) throws -> Bool {
    guard FileManager.default.fileExists(atPath: folder) else { return true }
    return try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty
  }

  private static func synthesise(in folder: String, _ console: Console) throws {
    let splits = try SceneSynthesis.write(to: folder, threads: Launch.threads) { progress in
      console.transient("drawing scenes: \(progress.completed) of \(progress.total) (\(progress.name))")
    }
    let counts = splits.map { "\($0.sampleCount) \($0.split)" }.joined(separator: ", ")
    console.line("data: no dataset was given and there was none in \(folder): drew a synthetic one there (\(counts))")
  }
}
