import Foundation

/// Processes that may use a limited amount of memory together, beyond which the system kills one of them: a control
/// group, of either version.
final class MemoryGroup {
  private let path: String

  /// Nil where this process may not make one, or the system has no limits of memory.
  init?(byteCount: Int) {
    let name = "fcn-dist-test-\(getpid())-\(UInt32.random(in: 0 ... .max))"
    let limits = [
      ("/sys/fs/cgroup/memory/\(name)", "memory.limit_in_bytes", "memory.swappiness"),
      ("/sys/fs/cgroup/\(name)", "memory.max", "memory.swap.max"),
    ]
    for (path, limit, swap) in limits where mkdir(path, 0o755) == 0 {
      guard Self.set("\(byteCount)", to: "\(path)/\(limit)") else {
        rmdir(path)
        continue
      }
      // Else it would be written to a disk instead.
      _ = Self.set("0", to: "\(path)/\(swap)")
      self.path = path
      return
    }
    return nil
  }

  deinit {
    // A process that was killed leaves the group a moment later.
    for _ in 0..<100 where rmdir(path) != 0 && errno == EBUSY { usleep(20_000) }
  }

  static var isAllowed: Bool { MemoryGroup(byteCount: 64 << 20) != nil }

  /// A shell's words that take the shell into the group.
  var entry: String { "echo $$ > \(path)/cgroup.procs" }

  private static func set(_ text: String, to path: String) -> Bool {
    let file = open(path, O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { return false }
    defer { close(file) }
    return write(file, text, text.utf8.count) == text.utf8.count
  }
}
