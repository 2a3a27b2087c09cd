import Basics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A group whose ranks are threads of this process, for tests of what runs on several ranks.
///
/// It blocks where MPI may block, and finds what MPI leaves to chance: ranks that call different collectives, counts
/// that differ, a rank that never comes (after a time-out), a message of the wrong length. Floating-point sums are
/// taken in rank order.
package final class ThreadProcessGroup: ProcessGroup {
  package let rank: Int
  package var size: Int { meeting.size }
  package var allowsHandOver: Bool { true }
  private let meeting: Rendezvous
  private let job: ThreadJob

  init(rank: Int, meeting: Rendezvous, job: ThreadJob) {
    self.rank = rank
    self.meeting = meeting
    self.job = job
  }

  /// Runs `body` on `ranks` threads, each with its own group, and waits for all of them.
  ///
  /// - Parameters:
  ///   - ranks: the number of ranks.
  ///   - ranksPerMachine: ranks that `nodeGroup` takes to be on one machine; nil: all of them.
  ///   - timeout: seconds after which a rank that waits for others throws.
  /// - Returns: each rank's result, in rank order.
  /// - Throws: the first rank's error that was no consequence of another rank's.
  package static func run<Result: Sendable>(
    ranks: Int, ranksPerMachine: Int? = nil, timeout: Double = 60,
    _ body: @escaping @Sendable (ThreadProcessGroup) throws -> Result
  ) throws -> [Result] {
    let job = ThreadJob(timeout: timeout, ranksPerMachine: ranksPerMachine ?? ranks)
    let meeting = Rendezvous(members: Array(0..<ranks), job: job)
    let outcomes = Outcomes<Result>(count: ranks)
    let threads = try (0..<ranks).map { rank in
      try WorkerThread(name: "rank \(rank)") {
        let group = ThreadProcessGroup(rank: rank, meeting: meeting, job: job)
        do {
          outcomes.finish(rank, .success(try body(group)))
        } catch {
          job.fail(error)
          outcomes.finish(rank, .failure(error))
        }
      }
    }
    // A rank that aborted, or that is deep in its work when another fails, is left behind.
    if outcomes.wait(job) { for thread in threads { thread.join() } }
    return try outcomes.values(job)
  }

  // MARK: Collectives

  package func allReduce(_ values: UnsafeMutableBufferPointer<Float>, _ reduction: Reduction) throws {
    try reduce(values, reduction, .allReduceFloat32)
  }

  package func allReduce(_ values: UnsafeMutableBufferPointer<Double>, _ reduction: Reduction) throws {
    try reduce(values, reduction, .allReduceFloat64)
  }

  package func allReduce(_ values: UnsafeMutableBufferPointer<Int64>, _ reduction: Reduction) throws {
    try reduce(values, reduction, .allReduceInt64)
  }

  private func reduce<T: Numeric & Comparable>(
    _ values: UnsafeMutableBufferPointer<T>, _ reduction: Reduction, _ operation: CollectiveCall.Operation
  ) throws {
    let call = CollectiveCall(operation, count: values.count, detail: reduction.number)
    try meeting.meet(rank, call, values) { buffers in
      for i in 0..<values.count {
        var result = buffers[0][i]
        for buffer in buffers.dropFirst() {
          switch reduction {
          case .sum: result += buffer[i]
          case .minimum: result = min(result, buffer[i])
          case .maximum: result = max(result, buffer[i])
          }
        }
        for buffer in buffers { buffer[i] = result }
      }
    }
  }

  package func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) throws {
    try meeting.meet(rank, CollectiveCall(.broadcast, count: bytes.count, detail: root), bytes) { buffers in
      for (other, buffer) in buffers.enumerated() where other != root {
        buffer.copyMemory(from: UnsafeRawBufferPointer(buffers[root]))
      }
    }
  }

  package func allGather(_ bytes: [UInt8]) throws -> [[UInt8]] {
    try meeting.meet(rank, CollectiveCall(.allGather), bytes) { $0 }
  }

  package func barrier() throws { try meeting.meet(rank, CollectiveCall(.barrier), ()) { _ in } }

  package func exchange(sends: [OutgoingMessage], receives: [IncomingMessage], isPatient: Bool) throws {
    try meeting.meet(rank, CollectiveCall(.exchange), (sends, receives)) { plans in
      for (source, plan) in plans.enumerated() {
        for destination in plans.indices {
          let outgoing = plan.0.filter { $0.destination == destination }
          let incoming = plans[destination].1.filter { $0.source == source }
          guard outgoing.count == incoming.count else {
            throw Failure(
              .internalError,
              "rank \(source) sends \(outgoing.count) messages to rank \(destination), which expects \(incoming.count)")
          }
          for (message, place) in zip(outgoing, incoming) {
            try MessageLength.check(
              message.bytes.count, fits: place.bytes.count, source: source, destination: destination)
            place.bytes.copyMemory(from: message.bytes)
          }
        }
      }
    }
  }

  package func subgroup(color: Int?) throws -> (any ProcessGroup)? {
    let job = job
    let members = meeting.members
    let parts = try meeting.meet(rank, CollectiveCall(.subgroup), color.map { [$0] } ?? []) { colors in
      Set(colors.joined()).reduce(into: [Int: Rendezvous]()) { parts, color in
        let ranks = colors.indices.filter { colors[$0] == [color] }
        parts[color] = Rendezvous(members: ranks.map { members[$0] }, job: job)
      }
    }
    guard let part = color.flatMap({ parts[$0] }), let position = part.members.firstIndex(of: members[rank]) else {
      return nil
    }
    return ThreadProcessGroup(rank: position, meeting: part, job: job)
  }

  package func nodeGroup() throws -> any ProcessGroup {
    try subgroup(color: meeting.members[rank] / job.ranksPerMachine) ?? self
  }

  package func sharedMemory(byteCount: Int) throws -> MemoryRegion {
    let machines = Set(meeting.members.map { $0 / job.ranksPerMachine })
    guard machines.count == 1 else {
      throw Failure(.internalError, "shared memory was asked for by ranks of \(machines.count) machines")
    }
    return try meeting.meet(rank, CollectiveCall(.sharedMemory, count: byteCount), ()) { _ in
      try MemoryRegion(byteCount: byteCount)
    }
  }

  /// Ends the job: every rank that waits throws, and `run` throws a `Failure` of kind `code`. This thread stays behind,
  /// as a function that never returns must.
  package func abort(code: Int32) -> Never {
    job.fail(Failure(Failure.Kind(rawValue: code) ?? .internalError, "rank \(rank) ended the job with code \(code)"))
    while true { sleep(3600) }
  }

  // MARK: Messages

  package func send(_ bytes: UnsafeRawBufferPointer, to rank: Int, tag: Int) throws {
    try meeting.send(bytes, from: self.rank, to: rank, tag: tag)
  }

  package func receive(_ bytes: UnsafeMutableRawBufferPointer, from rank: Int, tag: Int) throws {
    try meeting.receive(bytes, at: self.rank, from: rank, tag: tag)
  }

  package func hasMessage(from rank: Int, tag: Int) throws -> Bool {
    try meeting.hasMessage(at: self.rank, from: rank, tag: tag)
  }
}

/// What the ranks of one run returned or threw.
private final class Outcomes<Value: Sendable>: Sendable {
  private let results: Monitor<[Result<Value, any Error>?]>

  init(count: Int) { results = Monitor(Array(repeating: nil, count: count)) }

  func finish(_ rank: Int, _ result: Result<Value, any Error>) { results.change { $0[rank] = result } }

  /// Waits until all ranks are done, or, once one has failed, for as long as the others may need to notice it.
  ///
  /// - Returns: whether all are done.
  func wait(_ job: ThreadJob) -> Bool {
    var patience = Double.infinity
    while true {
      let now = ProcessEnvironment.monotonicSeconds
      if job.cause != nil && patience == .infinity { patience = now + 5 }
      let isDone = results.wait(until: now + 0.05) { $0.contains { $0 == nil } ? nil : true } ?? false
      if isDone || now > patience { return isDone }
    }
  }

  func values(_ job: ThreadJob) throws -> [Value] {
    if let cause = job.cause { throw cause }
    return try results.withLock { try $0.compactMap { try $0?.get() } }
  }
}
