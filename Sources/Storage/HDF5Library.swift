import Basics
import CHDF5

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The HDF5 library of this process: one lock around every call, and its errors as `Failure`.
package enum HDF5Library {
  /// Version of the library that runs, for example "1.10.8"; "unknown" if it does not say.
  package static var version: String {
    locked {
      var numbers: (UInt32, UInt32, UInt32) = (0, 0, 0)
      guard chdf5_version(&numbers.0, &numbers.1, &numbers.2) >= 0 else { return "unknown" }
      return "\(numbers.0).\(numbers.1).\(numbers.2)"
    }
  }

  /// Whether the library was built over MPI. Only its serial functions are used either way.
  package static var isParallel: Bool { chdf5_is_parallel() != 0 }

  /// Files, groups and datasets that are open in this process.
  package static var liveHandleCount: Int { locked { handles.count } }

  // Debian's library has a lock of its own, others have none. The lock is recursive because the release of an object
  // inside a locked region may close its handle.
  private static let lock = RecursiveLock()
  private static let startStatus = chdf5_start()
  nonisolated(unsafe) private static var handles = Handles()

  private struct Handles {
    var count = 0
  }

  static func countHandles(by change: Int) { locked { handles.count += change } }

  static func locked<Result>(_ body: () throws -> Result) rethrows -> Result {
    lock.lock()
    defer { lock.unlock() }
    _ = startStatus
    _ = chdf5_silence_this_thread()
    return try body()
  }

  /// Passes a status or an identifier on, or throws what the library has to say.
  ///
  /// - Parameter problem: what could not be done, with file and object.
  @discardableResult
  static func check<Status: SignedInteger>(
    _ status: Status, _ kind: Failure.Kind, _ problem: @autoclosure () -> String
  ) throws -> Status {
    if status >= 0 { return status }
    let stack = errorStack()
    if stack.contains("errno = \(ENOSPC)") || stack.contains("errno = \(EDQUOT)") {
      throw Failure(.inputOutput, "\(problem()): no space left on the disk", remedy: "free some space")
    }
    if stack.contains("errno = \(EFBIG)") {
      throw Failure(
        .inputOutput, "\(problem()): the file size limit is reached", remedy: "raise the limit (ulimit -f)")
    }
    if let filter = stack.firstRange(of: "required filter '") {
      throw Failure(
        kind,
        "\(problem()): it is compressed by the filter '\(stack[filter.upperBound...].prefix { $0 != "'" })', which this "
          + "HDF5 library does not have", remedy: "write it with compression='gzip', or without")
    }
    let isInputOutput = stack.contains("errno = \(EIO)")
    let reason = systemReason(in: stack).map { ": \($0)" } ?? ""
    throw Failure(
      isInputOutput ? .inputOutput : kind, "\(problem())\(reason)" + (stack.isEmpty ? "" : " (HDF5: \(stack))"))
  }

  /// What the operating system said, as the library quotes it.
  private static func systemReason(in stack: String) -> Substring? {
    let opening = "error message = '"
    guard let start = stack.firstRange(of: opening) else { return nil }
    return stack[start.upperBound...].prefix { $0 != "'" }
  }

  private static func errorStack() -> String {
    var buffer = [CChar](repeating: 0, count: 4096)
    let length = chdf5_error_text(&buffer, Int64(buffer.count))
    guard length > 0 else { return "" }
    let bytes = buffer.prefix(Int(length)).map { UInt8(bitPattern: $0) }
    return String(decoding: bytes, as: UTF8.self)
      .split(separator: "\n").map { line in line.filter { !$0.isNewline } }.joined(separator: " <- ")
  }
}

private final class RecursiveLock: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

  init() {
    var attributes = pthread_mutexattr_t()
    pthread_mutexattr_init(&attributes)
    pthread_mutexattr_settype(&attributes, Int32(PTHREAD_MUTEX_RECURSIVE))
    pthread_mutex_init(mutex, &attributes)
    pthread_mutexattr_destroy(&attributes)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  func lock() { pthread_mutex_lock(mutex) }
  func unlock() { pthread_mutex_unlock(mutex) }
}
