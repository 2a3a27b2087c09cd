#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Where a person reads along: a terminal, whose last line may be rewritten, or a log.
package final class Console {
  package let isTerminal: Bool
  private let output: (String) -> Void
  private var transientWidth = 0

  /// Standard output. Under a launcher it is a terminal where the launcher's own is: the launcher hands ranks a
  /// terminal or a pipe without regard to that.
  package static func standardOutput() -> Console {
    Console(isTerminal: isTerminal(1) && launcherHasTerminal()) { text in
      var bytes = Array(text.utf8)
      while !bytes.isEmpty {
        let count = write(1, bytes, bytes.count)
        // Nobody reads any more: no reason to end a training.
        guard count > 0 || errno == EINTR else { return }
        bytes.removeFirst(max(0, count))
      }
    }
  }

  package init(isTerminal: Bool, output: @escaping (String) -> Void) {
    self.isTerminal = isTerminal
    self.output = output
  }

  /// Writes a line that stays.
  package func line(_ text: String) {
    clear()
    output(text + "\n")
  }

  /// On a terminal, replaces the line that `transient` wrote before; in a log, nothing.
  package func transient(_ text: String) {
    guard isTerminal else { return }
    output("\r" + text + String(repeating: " ", count: max(0, transientWidth - text.count)))
    transientWidth = text.count
  }

  /// Removes the transient line.
  package func clear() {
    guard transientWidth > 0 else { return }
    output("\r" + String(repeating: " ", count: transientWidth) + "\r")
    transientWidth = 0
  }

  private static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

  private static func launcherHasTerminal() -> Bool {
    let isLaunched = ["OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK"].contains { (name: String) in getenv(name) != nil
    }
    guard isLaunched else { return true }
    var target = [CChar](repeating: 0, count: 256)
    let count = readlink("/proc/\(getppid())/fd/1", &target, target.count - 1)
    return count > 0
      && String(decoding: target[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self).hasPrefix("/dev/pts")
  }
}
