import Basics

/// Works through the buckets of a step while the thread that called `beginStep` computes.
///
/// - Important: From `beginStep` to the return of `finish` no other thread of the process may talk to the trainers'
///   group.
final class ExchangeThread: @unchecked Sendable {
  private struct State {
    /// Steps begun and done.
    var begun = 0
    var done = 0
    /// From this element of the arena on, this trainer's gradients are complete.
    var released = Int.max
    /// Does `finish` wait? Then nobody else wants the processor.
    var isAwaited = false
    var isStopped = false
    var failure: (any Error)?
  }

  private let exchange: BucketExchange
  private let progress: MachineProgress
  /// This trainer's place in `progress`.
  private let local: Int
  /// Of the thread alone, and of the one that computes, once that waits.
  private let pool: WorkerPool
  private let sharedPool: WorkerPool
  private let state = Monitor(State())
  private var thread: WorkerThread?

  init(_ exchange: BucketExchange, progress: MachineProgress, local: Int, sharedPool: WorkerPool) throws {
    self.exchange = exchange
    self.progress = progress
    self.local = local
    self.sharedPool = sharedPool
    pool = try WorkerPool(threadCount: 1)
    thread = try WorkerThread(name: "exchange") { [self] in run() }
  }

  /// Ends the thread, which keeps this object alive until then. One that waits for ranks which failed is left behind.
  func stop() {
    let isIdle = state.change { state in
      state.isStopped = true
      return state.done == state.begun
    }
    if isIdle { thread?.join() }
    thread = nil
  }

  func beginStep() {
    state.change {
      $0.begun += 1
      $0.released = .max
      $0.isAwaited = false
    }
  }

  /// This trainer's gradient buffers are complete from `element` on, and stay as they are.
  func release(from element: Int) { state.change { $0.released = min($0.released, element) } }

  /// Releases everything and waits for the sums.
  func finish() throws {
    state.change {
      $0.released = 0
      $0.isAwaited = true
    }
    let outcome = state.wait { state -> Result<Void, any Error>? in
      guard state.done == state.begun else { return nil }
      return state.failure.map { .failure($0) } ?? .success(())
    }
    try outcome.get()
  }

  private func run() {
    while let step = state.wait(for: { $0.isStopped ? .some(nil) : $0.begun > $0.done ? .some($0.begun) : nil }) {
      let outcome = Result { try sumAll(step) }
      state.change {
        $0.done = step
        if case .failure(let error) = outcome { $0.failure = error }
      }
    }
  }

  private func sumAll(_ step: Int) throws {
    for (index, bucket) in exchange.buckets.enumerated() {
      _ = state.wait { $0.released <= bucket.start ? true : nil }
      let number = (step - 1) * exchange.buckets.count + index + 1
      progress.complete(number, by: local)
      progress.wait(for: number)
      let isAwaited = state.withLock { $0.isAwaited }
      try exchange.sum(index, pool: isAwaited ? sharedPool : pool, isPatient: !isAwaited)
    }
  }
}
