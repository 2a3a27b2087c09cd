#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A thread of the operating system that runs one closure and is joined.
package final class WorkerThread: @unchecked Sendable {
  private final class Work {
    let body: () -> Void
    init(_ body: @escaping () -> Void) { self.body = body }
  }

  private var thread = pthread_t()
  private var isJoined = false

  package init(_ body: @escaping @Sendable () -> Void) throws {
    let work = Unmanaged.passRetained(Work(body))
    let code = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body()
        return nil
      }, work.toOpaque())
    guard code == 0 else {
      work.release()
      throw Failure(.internalError, "cannot start a thread (\(systemErrorText(code)))", remedy: "raise `ulimit -u`")
    }
  }

  /// Waits for the end of the closure. To be called once, by one thread.
  package func join() {
    guard !isJoined else { return }
    isJoined = true
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
