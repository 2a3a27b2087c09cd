import Basics

/// What a rank says that it is doing, so that ranks which do different things can be told before they hang.
package struct CollectiveCall: Equatable, Sendable, CustomStringConvertible {
  /// The collective operations of a `ProcessGroup`.
  package enum Operation: Int64, Sendable, CaseIterable {
    case allReduceFloat32, allReduceFloat64, allReduceInt64, broadcast, allGather, barrier, exchange, subgroup
    case nodeGroup, sharedMemory, close
  }

  package let operation: Operation
  /// Elements or bytes; 0 where ranks may differ.
  package let count: Int
  /// The root or the reduction's number; 0 where there is none.
  package let detail: Int

  package init(_ operation: Operation, count: Int = 0, detail: Int = 0) {
    self.operation = operation
    self.count = count
    self.detail = detail
  }

  package var description: String { "\(operation)(count \(count), detail \(detail))" }

  package var words: [Int64] { [operation.rawValue, Int64(count), Int64(detail)] }

  package init?(words: [Int64]) {
    guard words.count == 3, let operation = Operation(rawValue: words[0]) else { return nil }
    self.init(operation, count: Int(words[1]), detail: Int(words[2]))
  }

  /// Throws where the ranks' calls are not all equal, naming the first two ranks that differ.
  package static func check(_ calls: [CollectiveCall], number: Int) throws {
    guard let first = calls.first, let other = calls.firstIndex(where: { $0 != first }) else { return }
    throw Failure(
      .internalError,
      "the ranks do not agree on collective call \(number): rank 0 calls \(first), rank \(other) calls \(calls[other])")
  }
}

extension Reduction {
  package var number: Int {
    switch self {
    case .sum: 0
    case .minimum: 1
    case .maximum: 2
    }
  }
}
