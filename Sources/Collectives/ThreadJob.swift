import Basics

/// What the threads of one `ThreadProcessGroup.run` have in common, in whatever subgroups they meet.
final class ThreadJob: Sendable {
  let timeout: Double
  let ranksPerMachine: Int
  /// The first error of any rank. Its lock guards everything that ranks share, in every group: a failure must wake all.
  private let failure = Monitor<(any Error)?>(nil)

  init(timeout: Double, ranksPerMachine: Int) {
    self.timeout = timeout
    self.ranksPerMachine = ranksPerMachine
  }

  var cause: (any Error)? { failure.withLock { $0 } }

  /// Notes a rank's error; all that wait, and all that will, throw it.
  func fail(_ error: any Error) { failure.change { $0 = $0 ?? error } }

  /// Runs `body` under the job's lock and wakes all that wait.
  func change<Result>(_ body: () throws -> Result) throws -> Result {
    try failure.change { failure in
      if let failure { throw failure }
      return try body()
    }
  }

  /// Waits until `body`, run under the job's lock, returns a value.
  ///
  /// - Parameter waitingFor: says for whom, in the error of a time-out.
  func wait<Result>(waitingFor: () -> String, for body: () throws -> Result?) throws -> Result {
    let deadline = ProcessEnvironment.monotonicSeconds + timeout
    let result = try failure.wait(until: deadline) { failure in
      if let failure { throw failure }
      return try body()
    }
    if let result { return result }
    let late = failure.change { failure in
      let late = failure ?? Failure(.restart, "waited \(timeout) s for \(waitingFor())")
      failure = late
      return late
    }
    throw late
  }
}
