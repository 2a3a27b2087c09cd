import Basics
import Collectives
import Foundation

/// Which folder a run gets.
enum RunChoice {
  private static let parent = "runs"

  /// The folder that was given; else, for a run that is to go on, the newest one; else a new one named for the time.
  ///
  /// - Important: Collective over `group`: rank 0's clock and folder decide.
  static func folder(_ given: String?, isResumed: Bool, group: any ProcessGroup) throws -> String {
    if let given { return trimmed(given) }
    let own = group.isCoordinator ? (isResumed ? newest() : nil) ?? fresh() : ""
    let chosen = try group.allGather(Array(own.utf8))[0]
    return String(decoding: chosen, as: UTF8.self)
  }

  private static func trimmed(_ path: String) -> String {
    path.count > 1 && path.hasSuffix("/") ? trimmed(String(path.dropLast())) : path
  }

  /// The names are times, so that the last is the newest.
  private static func newest() -> String? {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
    let runs = names.filter { FileManager.default.fileExists(atPath: "\(parent)/\($0)/checkpoints") }
    return runs.max().map { "\(parent)/\($0)" }
  }

  private static func fresh() -> String {
    let form = DateFormatter()
    form.locale = Locale(identifier: "en_US_POSIX")
    form.dateFormat = "yyyyMMdd-HHmmss"
    return "\(parent)/\(form.string(from: Date()))"
  }
}
