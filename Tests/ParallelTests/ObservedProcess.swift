import Foundation

/// A process that may have lost its parent, seen from outside.
struct ObservedProcess {
  let identifier: pid_t

  /// The letter that the system gives for its state, nil where there is no such process.
  private var state: Character? {
    let text = FileManager.default.contents(atPath: "/proc/\(identifier)/stat") ?? Data()
    return String(decoding: text, as: UTF8.self).split(separator: ")").last?.first { $0 != " " }
  }

  var isStopped: Bool { state == "T" }

  /// A process that has ended may still wait for somebody to take note of it.
  var isGone: Bool { state == nil || state == "Z" }

  /// Waits until it has ended.
  ///
  /// - Returns: whether it did; where not, it is killed.
  func ends(within seconds: Double) -> Bool {
    let start = Date()
    while !isGone {
      guard Date().timeIntervalSince(start) < seconds else {
        kill(identifier, SIGKILL)
        return false
      }
      usleep(20_000)
    }
    return true
  }
}
