#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A thread of the operating system that runs one closure. One that nobody joins is left to itself.
package final class WorkerThread: @unchecked Sendable {
  private final class Work {
    let name: String?
    let body: () -> Void
    init(_ name: String?, _ body: @escaping () -> Void) {
      self.name = name
      self.body = body
    }
  }

  private var thread = pthread_t()
  /// False before it runs too: what cannot be started is not to be left to itself either.
  private var isJoinable = false

  /// - Parameter name: shown by debuggers and in /proc, at most 15 bytes of it.
  package init(name: String? = nil, _ body: @escaping @Sendable () -> Void) throws {
    let work = Unmanaged.passRetained(Work(name, body))
    let code = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        let work = Unmanaged<Work>.fromOpaque(argument).takeRetainedValue()
        if let name = work.name { WorkerThread.nameThisThread(name) }
        work.body()
        return nil
      }, work.toOpaque())
    guard code == 0 else {
      work.release()
      throw Failure(
        .internalError, "cannot start a thread (\(systemErrorText(code)))",
        remedy: "raise `ulimit -u` and `ulimit -v` where they are limited, or use fewer ranks on this machine")
    }
    isJoinable = true
  }

  /// The system gives back its stack when it ends.
  deinit { if isJoinable { pthread_detach(thread) } }

  /// Through /proc, since Swift's import of the C library leaves out the GNU function. A name is only a help to people:
  /// where it cannot be set the thread runs without.
  private static func nameThisThread(_ name: String) {
    let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    let bytes = Array(name.utf8.prefix(15))
    _ = write(file, bytes, bytes.count)
    close(file)
  }

  /// Waits for the end of the closure. To be called once, by one thread.
  package func join() {
    guard isJoinable else { return }
    isJoinable = false
    pthread_join(thread, nil)
  }

  /// Runs `body` with 0 ..< count on that many threads, the caller's included, and waits for all.
  package static func run(count: Int, _ body: @escaping @Sendable (Int) -> Void) throws {
    var threads: [WorkerThread] = []
    defer { for thread in threads { thread.join() } }
    for index in 1..<max(1, count) { threads.append(try WorkerThread { body(index) }) }
    body(0)
  }
}
