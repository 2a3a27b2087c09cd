import Basics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A file that only grows. Every append reaches the system before it returns, so that a killed process loses nothing
/// that it wrote.
package final class AppendedFile {
  package let path: String
  private let descriptor: Int32

  /// Opens the file, and makes it where it is missing.
  package init(path: String) throws {
    descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      throw Failure(.cannotCreate, "cannot write \(path) (\(systemErrorText()))")
    }
    self.path = path
  }

  deinit { close(descriptor) }

  package func append(_ bytes: [UInt8]) throws {
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress! + written, bytes.count - written) }
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
