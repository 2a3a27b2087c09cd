import Basics

/// One piece of work at a time on a thread of its own; what it throws is thrown where its end is waited for.
final class BackgroundWork {
  private let outcome = Monitor<Failure?>(nil)
  private var thread: WorkerThread?

  /// Waits for the work before, if nobody has.
  func start(_ name: String, _ body: @escaping @Sendable () throws -> Void) throws {
    try finish()
    let outcome = outcome
    thread = try WorkerThread(name: name) {
      do {
        try body()
      } catch {
        outcome.change { $0 = error as? Failure ?? Failure(.internalError, "\(error)") }
      }
    }
  }

  /// - Throws: what the work threw.
  func finish() throws {
    thread?.join()
    thread = nil
    let failure = outcome.change { outcome in
      defer { outcome = nil }
      return outcome
    }
    if let failure { throw failure }
  }
}

/// Work for another thread whose values are not used by anybody else until it is finished.
struct HandedOver<Value>: @unchecked Sendable {
  let value: Value
  init(_ value: Value) { self.value = value }
}
