import Basics
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A file whose lock one process holds. The lock ends with its holder, however that ends; the file's text says who
/// holds it.
package final class RunLock {
  /// A process, so that another one can tell whether it still lives.
  package struct Holder: Equatable, Sendable, CustomStringConvertible {
    package var host: String
    package var process: Int32
    /// Changes with every start of the machine.
    package var boot: String

    package init(host: String, process: Int32, boot: String) {
      self.host = host
      self.process = process
      self.boot = boot
    }

    package static var current: Holder {
      let boot = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
      return Holder(
        host: ProcessInfo.processInfo.hostName, process: getpid(),
        boot: boot.map { String($0.prefix { !$0.isWhitespace }) } ?? "unknown")
    }

    package var description: String { "process \(process) on \(host)" }

    /// Could it still be alive, as far as this machine can tell?
    fileprivate var mayLive: Bool {
      let own = Holder.current
      guard host == own.host else { return true }
      return boot == own.boot && (kill(process, 0) == 0 || errno == EPERM)
    }

    fileprivate var text: String { "\(host)\n\(process)\n\(boot)\n" }

    fileprivate init?(text: String) {
      let lines = text.split(separator: "\n").map(String.init)
      guard lines.count == 3, let process = Int32(lines[1]) else { return nil }
      self.init(host: lines[0], process: process, boot: lines[2])
    }
  }

  private let path: String
  private var descriptor: Int32

  /// - Throws: `Failure(.cannotCreate)` naming the holder.
  package init(path: String, as holder: Holder = .current) throws {
    self.path = path
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      throw Failure(
        .cannotCreate, "cannot write \(path) (\(systemErrorText()))",
        remedy: "give another folder with --output")
    }
    do {
      try take(as: holder)
    } catch {
      close(descriptor)
      descriptor = -1
      throw error
    }
  }

  deinit { release() }

  /// Gives the lock back. The file stays: removing it could take it from under a job that has just opened it.
  package func release() {
    guard descriptor >= 0 else { return }
    _ = ftruncate(descriptor, 0)
    close(descriptor)
    descriptor = -1
  }

  private func take(as holder: Holder) throws {
    if flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      let code = errno
      let other = readHolder()
      if code == EWOULDBLOCK { throw Self.refusal(path, other, remedy: "wait for it, or give another --output") }
      // A file system without locks: the file's text has to do.
      if let other, other.mayLive {
        throw Self.refusal(path, other, remedy: "if it is no longer running, remove \(path)")
      }
    }
    let text = Array(holder.text.utf8)
    guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, text, text.count, 0) == text.count else {
      throw Failure(.inputOutput, "cannot write \(path) (\(systemErrorText()))")
    }
  }

  private func readHolder() -> Holder? {
    var bytes = [UInt8](repeating: 0, count: 1024)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    return count > 0 ? Holder(text: String(decoding: bytes[..<count], as: UTF8.self)) : nil
  }

  private static func refusal(_ path: String, _ holder: Holder?, remedy: String) -> Failure {
    let folder = (path as NSString).deletingLastPathComponent
    return Failure(
      .cannotCreate, "\(holder?.description ?? "another process") is training in \(folder) already", remedy: remedy)
  }
}
