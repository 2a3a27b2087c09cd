import Basics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Where a person reads along: a terminal, whose last line may be rewritten, or a log.
package final class Console {
  package let isTerminal: Bool
  private let output: (String) -> Void
  private let width: () -> Int
  private var transientWidth = 0

  /// Standard output. Under a launcher it is a terminal where the launcher's own is: the launcher hands ranks a
  /// terminal or a pipe without regard to that.
  package static func standardOutput() -> Console {
    Console(isTerminal: isTerminal(1) && launcherHasTerminal(), width: terminalWidth) { text in
      var bytes = Array(text.utf8)
      while !bytes.isEmpty {
        let count = write(1, bytes, bytes.count)
        // Nobody reads any more: no reason to end a training.
        guard count > 0 || errno == EINTR else { return }
        bytes.removeFirst(max(0, count))
      }
    }
  }

  /// - Parameter width: columns of the terminal, asked for with each transient line: windows change.
  package init(isTerminal: Bool, width: @escaping () -> Int = { .max }, output: @escaping (String) -> Void) {
    self.isTerminal = isTerminal
    self.width = width
    self.output = output
  }

  /// Writes a line that stays.
  package func line(_ text: String) {
    clear()
    output(text + "\n")
  }

  /// On a terminal, replaces the line that `transient` wrote before; in a log, nothing. What does not fit into the
  /// terminal's width is cut off: a line that wraps cannot be replaced.
  package func transient(_ text: String) {
    guard isTerminal else { return }
    let room = max(0, width() - 1)
    let shown = text.count <= room ? text : String(text.prefix(max(0, room - 1))) + "…"
    output("\r" + shown + String(repeating: " ", count: max(0, min(transientWidth, room) - shown.count)))
    transientWidth = shown.count
  }

  /// Removes the transient line.
  package func clear() {
    guard transientWidth > 0 else { return }
    output("\r" + String(repeating: " ", count: transientWidth) + "\r")
    transientWidth = 0
  }

  /// The usual one where the terminal does not say, as a launcher's does not.
  private static func terminalWidth() -> Int {
    var size = winsize()
    guard ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  private static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

  private static func launcherHasTerminal() -> Bool {
    // As the process was started: MPI sets these variables itself where there is no launcher.
    let environment = SystemFile.text("/proc/self/environ")?.split(separator: "\0") ?? []
    let isLaunched = ["OMPI_COMM_WORLD_SIZE=", "PMIX_RANK=", "PMI_RANK="].contains { name in
      environment.contains { $0.hasPrefix(name) }
    }
    guard isLaunched else { return true }
    var target = [CChar](repeating: 0, count: 256)
    let count = readlink("/proc/\(getppid())/fd/1", &target, target.count - 1)
    return count > 0
      && String(decoding: target[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self).hasPrefix("/dev/pts")
  }
}
