import Basics

/// Reads and transforms the samples of coming steps in threads of its own, and hands them out step by step in the order
/// asked for. What a sample becomes does not depend on which thread makes it.
package final class Loader {
  private let queue: LoaderQueue
  private let workers: [WorkerThread]
  /// Seconds that `next()` has waited for data, in all.
  package private(set) var waitedSeconds = 0.0

  /// - Parameters:
  ///   - threads: how many threads read and transform, at least 1.
  ///   - depth: how many steps are kept ready or in work, at least 1. This bounds the memory.
  ///   - firstStep: the step that the first `next()` is for.
  ///   - requests: what a step needs, in order; empty where it needs nothing, nil where there are no more steps.
  ///     Asked once for each step in order, from the loader's threads.
  package init(
    dataset: Dataset, transform: SampleTransform, threads: Int, depth: Int, firstStep: Int = 0,
    requests: @escaping @Sendable (Int) -> [SampleRequest]?
  ) throws {
    try transform.normalisation.validate(channels: dataset.info.channels)
    let queue = LoaderQueue(depth: max(1, depth), firstStep: firstStep, requests: requests)
    self.queue = queue
    var started: [WorkerThread] = []
    do {
      for _ in 0..<max(1, threads) {
        started.append(try WorkerThread { Self.work(on: queue, dataset, transform) })
      }
    } catch {
      queue.stop()
      for worker in started { worker.join() }
      throw error
    }
    workers = started
  }

  deinit { stop() }

  /// The samples of the next step; nil after the last.
  ///
  /// - Throws: what went wrong with the first sample of the step that could not be read, again at each call after.
  package func next() throws -> [Sample]? {
    if let ready = try queue.takeStep(waiting: false) { return ready.samples }
    let start = ContinuousClock.now
    defer { waitedSeconds += (ContinuousClock.now - start) / .seconds(1) }
    return try queue.takeStep(waiting: true)?.samples
  }

  /// Ends the threads and waits for them. `next()` then returns nil. Stopping twice is harmless.
  package func stop() {
    queue.stop()
    for worker in workers { worker.join() }
  }

  /// Steps that `next()` would hand out without waiting.
  package var readyStepCount: Int { queue.readyStepCount }

  private static func work(on queue: LoaderQueue, _ dataset: Dataset, _ transform: SampleTransform) {
    var raw = RawSample()
    while true {
      switch queue.takeTask() {
      case .ask(let step): queue.ask(step)
      case .make(let job):
        do {
          try dataset.read(job.request.sample, into: &raw)
          queue.deliver(.success(transform.apply(raw, job.request)), for: job)
        } catch {
          queue.deliver(.failure(error), for: job)
        }
      case .end: return
      }
    }
  }
}

/// The steps between the threads that fill them and the one that takes them.
private final class LoaderQueue: Sendable {
  struct Job {
    let step: Int
    let position: Int
    let request: SampleRequest
  }

  enum Task {
    /// Find out what a step needs.
    case ask(Int)
    case make(Job)
    case end
  }

  /// A step to hand out; `samples` is nil at the end of all.
  struct Ready { let samples: [Sample]? }

  private struct Step {
    let requests: [SampleRequest]
    var results: [Result<Sample, any Error>?]
    var handedOut = 0
    var missing: Int

    init(_ requests: [SampleRequest]) {
      self.requests = requests
      results = Array(repeating: nil, count: requests.count)
      missing = requests.count
    }
  }

  private struct State {
    /// Steps in work or ready; the first is number `firstStep`.
    var steps: [Step] = []
    var firstStep: Int
    /// One thread finds out what the next step needs, without the lock: the taker of a ready step never waits for it.
    var isAsking = false
    var isAtEnd = false
    var isStopped = false
    var failure: (any Error)?
  }

  private let state: Monitor<State>
  private let depth: Int
  private let requests: @Sendable (Int) -> [SampleRequest]?

  init(depth: Int, firstStep: Int, requests: @escaping @Sendable (Int) -> [SampleRequest]?) {
    state = Monitor(State(firstStep: firstStep))
    self.depth = depth
    self.requests = requests
  }

  /// The next thing to do, earlier steps first. Waits while `depth` steps are begun.
  func takeTask() -> Task {
    state.wait { state -> Task? in
      if state.isStopped || state.failure != nil { return .end }
      if let place = state.steps.firstIndex(where: { $0.handedOut < $0.requests.count }) {
        let position = state.steps[place].handedOut
        state.steps[place].handedOut += 1
        return .make(
          Job(step: state.firstStep + place, position: position, request: state.steps[place].requests[position]))
      }
      if state.isAtEnd { return .end }
      guard !state.isAsking, state.steps.count < depth else { return nil }
      state.isAsking = true
      return .ask(state.firstStep + state.steps.count)
    }
  }

  func ask(_ step: Int) {
    let wanted = requests(step)
    state.change { state in
      state.isAsking = false
      guard !state.isStopped else { return }
      if let wanted { state.steps.append(Step(wanted)) } else { state.isAtEnd = true }
    }
  }

  var readyStepCount: Int { state.withLock { $0.steps.prefix { $0.missing == 0 }.count } }

  func deliver(_ result: Result<Sample, any Error>, for job: Job) {
    state.change { state in
      guard !state.isStopped else { return }
      let place = job.step - state.firstStep
      state.steps[place].results[job.position] = result
      state.steps[place].missing -= 1
    }
  }

  /// The first step once it is complete. Nil if it is not and `waiting` is false.
  func takeStep(waiting: Bool) throws -> Ready? {
    try state.wait { state -> Ready?? in
      if let failure = state.failure { throw failure }
      if state.isStopped { return Ready(samples: nil) }
      guard let step = state.steps.first, step.missing == 0 else {
        if state.steps.isEmpty && state.isAtEnd { return Ready(samples: nil) }
        return waiting ? nil : .some(nil)
      }
      do {
        let samples = try step.results.compactMap { try $0?.get() }
        state.steps.removeFirst()
        state.firstStep += 1
        return Ready(samples: samples)
      } catch {
        state.failure = error
        throw error
      }
    }
  }

  func stop() {
    state.change { state in
      state.isStopped = true
      state.steps = []
    }
  }
}
