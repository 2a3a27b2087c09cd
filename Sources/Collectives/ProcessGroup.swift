import Basics

/// How `allReduce` combines the ranks' values.
package enum Reduction: Sendable {
  case sum
  case minimum
  case maximum
}

/// The processes that train together, and what they can do together.
///
/// - Important: Everything here but `rank`, `size`, `send`, `receive`, `hasMessage` and `abort` is collective: every
///   rank of the group must call it, in the same order, with matching arguments. A rank that leaves one out stops the
///   others forever; a rank that throws between two of them must end the job with `abort`.
/// All calls come from one thread of the process, or, where `allowsHandOver`, from one at a time.
package protocol ProcessGroup: AnyObject {
  var rank: Int { get }
  var size: Int { get }
  /// May another thread of the process take over the calls, as long as no two threads make one at the same time?
  var allowsHandOver: Bool { get }

  /// Combines the ranks' buffers element by element, in place; afterwards all ranks hold the same bits.
  /// The order of a floating-point sum is the transport's own.
  func allReduce(_ values: UnsafeMutableBufferPointer<Float>, _ reduction: Reduction) throws
  func allReduce(_ values: UnsafeMutableBufferPointer<Double>, _ reduction: Reduction) throws
  func allReduce(_ values: UnsafeMutableBufferPointer<Int64>, _ reduction: Reduction) throws

  /// Copies `bytes` of rank `root` into every rank's.
  func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) throws

  /// Every rank's bytes, of any length each, in rank order, on every rank.
  func allGather(_ bytes: [UInt8]) throws -> [[UInt8]]

  func barrier() throws

  /// Sends and receives all the messages given and returns when all are done. A message meets the receive of the same
  /// pair of ranks at the same position among that pair's messages. Counts may be beyond 2^31 bytes, or 0.
  ///
  /// - Parameter isPatient: leaves the processor to others while it waits, at the price of some microseconds a message.
  func exchange(sends: [OutgoingMessage], receives: [IncomingMessage], isPatient: Bool) throws

  /// Blocking, with a tag in 0 ..< 1000.
  func send(_ bytes: UnsafeRawBufferPointer, to rank: Int, tag: Int) throws
  func receive(_ bytes: UnsafeMutableRawBufferPointer, from rank: Int, tag: Int) throws
  /// Is a message from `rank` with `tag` waiting?
  func hasMessage(from rank: Int, tag: Int) throws -> Bool

  /// The ranks that give the same `color`, in the order of their present ranks; nil for a rank that gives nil.
  func subgroup(color: Int?) throws -> (any ProcessGroup)?
  /// The ranks that share this machine's memory, in the order of their present ranks.
  func nodeGroup() throws -> any ProcessGroup
  /// Memory that all ranks of this group see (only for a group whose ranks share a machine). Zero at first, aligned
  /// to 4 KiB or better. `byteCount` is the size of the whole and must be equal on all ranks.
  func sharedMemory(byteCount: Int) throws -> MemoryRegion

  /// Gives back what the group holds, for a subgroup that is needed no longer. No call may follow. Shared memory made
  /// by it stays until its owners let go.
  func close() throws

  /// Ends all processes of the job with `code`.
  func abort(code: Int32) -> Never
}

/// Bytes to send to a rank in `exchange`. They must not change before it returns.
package struct OutgoingMessage {
  package let destination: Int
  package let bytes: UnsafeRawBufferPointer
  package init(to destination: Int, _ bytes: UnsafeRawBufferPointer) {
    self.destination = destination
    self.bytes = bytes
  }
}

/// Where bytes from a rank go in `exchange`; their number must be the sender's.
package struct IncomingMessage {
  package let source: Int
  package let bytes: UnsafeMutableRawBufferPointer
  package init(from source: Int, _ bytes: UnsafeMutableRawBufferPointer) {
    self.source = source
    self.bytes = bytes
  }
}

extension ProcessGroup {
  /// Nothing to give back, for groups that hold nothing.
  package func close() throws {}

  /// As the requirement, without patience: the watchdog sees a rank that waits.
  package func exchange(sends: [OutgoingMessage], receives: [IncomingMessage]) throws {
    try exchange(sends: sends, receives: receives, isPatient: false)
  }

  /// Rank 0 evaluates, steers and writes.
  package var isCoordinator: Bool { rank == 0 }

  /// Reduces arrays of equal length on all ranks, in place.
  package func allReduce(_ values: inout [Double], _ reduction: Reduction) throws {
    try values.withUnsafeMutableBufferPointer { try allReduce($0, reduction) }
  }

  /// Reduces arrays of equal length on all ranks, in place.
  package func allReduce(_ values: inout [Int64], _ reduction: Reduction) throws {
    try values.withUnsafeMutableBufferPointer { try allReduce($0, reduction) }
  }

  /// Reduces one number; every rank gets the result.
  package func allReduce(_ value: Int64, _ reduction: Reduction) throws -> Int64 {
    var values = [value]
    try allReduce(&values, reduction)
    return values[0]
  }
}
