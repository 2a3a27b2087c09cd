import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Threads that stay, for loops whose iterations are independent. Which thread takes which iteration is left to
/// chance, so an iteration must never see another's result.
package final class WorkerPool: @unchecked Sendable {
  package let threadCount: Int
  private let board: Board
  private var threads: [WorkerThread] = []

  /// - Throws: `Failure` when the system grants no thread.
  package init(threadCount: Int) throws {
    self.threadCount = max(1, threadCount)
    let board = Board()
    self.board = board
    for worker in 1..<self.threadCount {
      do {
        threads.append(try WorkerThread { board.serve(worker: worker) })
      } catch let failure as Failure {
        throw Failure(
          failure.kind, "thread \(worker + 1) of \(threadCount): \(failure.message)",
          remedy: "use fewer threads per rank (OMP_NUM_THREADS)")
      }
    }
  }

  /// Also where `init` throws: ends the threads that have started.
  deinit {
    board.stop()
    for thread in threads { thread.join() }
  }

  /// Calls `body(iteration, worker)` once for every iteration in 0 ..< count, on all threads; worker is below
  /// `threadCount` and no two calls of this loop at the same time have the same one.
  ///
  /// A caller that finds the threads busy with another caller's loop (a checkpoint is brought into the files' order
  /// while the next step is computed) does all its iterations itself, as worker 0.
  package func run(_ count: Int, _ body: (_ iteration: Int, _ worker: Int) -> Void) {
    guard count > 1, threadCount > 1 else {
      for iteration in 0..<max(0, count) { body(iteration, 0) }
      return
    }
    withoutActuallyEscaping(body) { body in
      withUnsafePointer(to: body) { body in
        guard board.post(count: count, workers: threads.count, body: body) else {
          for iteration in 0..<count { body.pointee(iteration, 0) }
          return
        }
        board.work(on: body, count: count, worker: 0)
        board.waitUntilDone()
      }
    }
  }

  /// Cuts 0 ..< count into ranges of about `grain` and calls `body` on each.
  package func runRanges(_ count: Int, grain: Int, _ body: (Range<Int>) -> Void) {
    let grain = max(1, grain)
    run((count + grain - 1) / grain) { piece, _ in
      body(piece * grain..<min(count, (piece + 1) * grain))
    }
  }
}

/// What the caller and the workers share: the loop that is running, who is still in it, and the next iteration.
private final class Board: @unchecked Sendable {
  /// By pointer: a worker must hold no reference to the closure when it has left the loop.
  typealias Body = UnsafePointer<(Int, Int) -> Void>

  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let posted = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private let finished = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private let next = Atomic<Int>(0)
  // Guarded by the mutex.
  private var loop = 0
  private var count = 0
  private var body: Body?
  private var busyWorkers = 0
  private var isStopping = false

  init() {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(posted, nil)
    pthread_cond_init(finished, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    pthread_cond_destroy(posted)
    pthread_cond_destroy(finished)
    mutex.deallocate()
    posted.deallocate()
    finished.deallocate()
  }

  /// - Returns: false where another loop is running: then nothing happens.
  func post(count: Int, workers: Int, body: Body) -> Bool {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    guard self.body == nil else { return false }
    next.store(0, ordering: .relaxed)
    self.count = count
    self.body = body
    busyWorkers = workers
    loop += 1
    pthread_cond_broadcast(posted)
    return true
  }

  func work(on body: Body, count: Int, worker: Int) {
    while true {
      let iteration = next.wrappingAdd(1, ordering: .relaxed).oldValue
      if iteration >= count { return }
      body.pointee(iteration, worker)
    }
  }

  func waitUntilDone() {
    pthread_mutex_lock(mutex)
    while busyWorkers > 0 { pthread_cond_wait(finished, mutex) }
    body = nil
    pthread_mutex_unlock(mutex)
  }

  func serve(worker: Int) {
    var seen = 0
    while let (body, count) = nextLoop(after: &seen) {
      work(on: body, count: count, worker: worker)
      leave()
    }
  }

  private func nextLoop(after seen: inout Int) -> (Body, Int)? {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while loop == seen && !isStopping { pthread_cond_wait(posted, mutex) }
    if isStopping { return nil }
    seen = loop
    guard let body else { return nil }
    return (body, count)
  }

  private func leave() {
    pthread_mutex_lock(mutex)
    busyWorkers -= 1
    if busyWorkers == 0 { pthread_cond_signal(finished) }
    pthread_mutex_unlock(mutex)
  }

  func stop() {
    pthread_mutex_lock(mutex)
    isStopping = true
    pthread_cond_broadcast(posted)
    pthread_mutex_unlock(mutex)
  }
}
