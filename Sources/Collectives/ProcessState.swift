import Basics

/// What another process of this machine is doing, from /proc, in words.
enum ProcessState {
  static let stopped = "stopped"
  static let dead = "dead"
  static let gone = "which is gone"

  /// nil where the system does not say.
  static func text(of processIdentifier: Int) -> String? {
    guard let text = SystemFile.text("/proc/\(processIdentifier)/status") else { return gone }
    guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("State:") }) else { return nil }
    switch line.dropFirst(6).drop(while: \.isWhitespace).first {
    case "T", "t": return stopped
    case "D": return "waiting for a disk"
    case "Z", "X": return dead
    case "R": return "running"
    default: return "sleeping"
    }
  }
}
