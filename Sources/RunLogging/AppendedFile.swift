import Basics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A file that only grows. Every append reaches the system before it returns, so that a killed process loses nothing
/// that it wrote. What a full disk refuses is kept in memory and goes first with the next append, so that the file is
/// never without its middle.
package final class AppendedFile {
  package let path: String
  private let descriptor: Int32
  private var pending: [UInt8] = []

  /// Opens the file, and makes it where it is missing.
  package init(path: String) throws {
    // Nobody waits until somebody reads from a pipe.
    descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0o666)
    guard descriptor >= 0 else {
      throw Failure(.cannotCreate, "cannot write \(path) (\(systemErrorText()))")
    }
    self.path = path
  }

  deinit { close(descriptor) }

  /// - Throws: `Failure(.inputOutput)` if not all could be written; `bytes` are kept then.
  package func append(_ bytes: [UInt8]) throws {
    pending += bytes
    var written = 0
    defer { pending.removeFirst(written) }
    while written < pending.count {
      let count = pending.withUnsafeBytes {
        write(descriptor, $0.baseAddress.map { $0 + written }, pending.count - written)
      }
      if count > 0 {
        written += count
      } else if errno != EINTR {
        throw Failure(
          .inputOutput, "cannot write \(path) (\(systemErrorText()))",
          remedy: "make room on the disk and continue with --resume auto")
      }
    }
  }
}
