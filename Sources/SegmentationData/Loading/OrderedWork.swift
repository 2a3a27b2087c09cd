import Basics

/// Work that several threads prepare and one takes in order: import, verification, statistics.
package enum OrderedWork {
  private struct State<Value> {
    var next = 0
    var taken = 0
    var ready: [Int: Result<Value, any Error>] = [:]
    var isCancelled = false
  }

  /// Calls `prepare` with 0 ..< count on `threads` threads, and `take` with the results in order on this one. At most
  /// four results a thread wait at any time.
  ///
  /// - Throws: the first error in the order of the work, whichever thread was faster.
  package static func run<Value: Sendable>(
    count: Int, threads: Int, prepare: @escaping @Sendable (Int) throws -> Value, take: (Int, Value) throws -> Void
  ) throws {
    let threads = max(1, min(threads, count))
    let window = 4 * threads
    let monitor = Monitor(State<Value>())
    var workers: [WorkerThread] = []
    defer {
      monitor.change { $0.isCancelled = true }
      for worker in workers { worker.join() }
    }
    for _ in 0..<threads {
      workers.append(
        try WorkerThread {
          while let index = claim(count, window, monitor) {
            let result = Result { try prepare(index) }
            monitor.change { $0.ready[index] = result }
          }
        })
    }
    for index in 0..<count {
      let result = monitor.wait { state in
        state.ready.removeValue(forKey: index).map { result in
          state.taken += 1
          return result
        }
      }
      try take(index, result.get())
    }
  }

  private static func claim<Value>(_ count: Int, _ window: Int, _ monitor: Monitor<State<Value>>) -> Int? {
    monitor.wait { state -> Int?? in
      if state.isCancelled || state.next == count { return .some(nil) }
      guard state.next < state.taken + window else { return nil }
      state.next += 1
      return state.next - 1
    }
  }
}
