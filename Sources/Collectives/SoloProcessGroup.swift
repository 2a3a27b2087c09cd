import Basics

#if canImport(Glibc)
  import Glibc
#endif

/// A group of one: training without MPI.
package final class SoloProcessGroup: ProcessGroup {
  package let rank = 0
  package let size = 1
  package let allowsHandOver = true
  private var mailbox: [Int: [[UInt8]]] = [:]

  package init() {}

  package func allReduce(_ values: UnsafeMutableBufferPointer<Float>, _ reduction: Reduction) {}
  package func allReduce(_ values: UnsafeMutableBufferPointer<Double>, _ reduction: Reduction) {}
  package func allReduce(_ values: UnsafeMutableBufferPointer<Int64>, _ reduction: Reduction) {}
  package func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) {}
  package func allGather(_ bytes: [UInt8]) -> [[UInt8]] { [bytes] }
  package func barrier() {}

  package func exchange(sends: [OutgoingMessage], receives: [IncomingMessage], isPatient: Bool) throws {
    guard sends.count == receives.count else {
      throw Failure(.internalError, "\(sends.count) messages to this rank itself meet \(receives.count) receives")
    }
    for (outgoing, incoming) in zip(sends, receives) {
      try MessageLength.check(outgoing.bytes.count, fits: incoming.bytes.count, source: 0, destination: 0)
      incoming.bytes.copyMemory(from: outgoing.bytes)
    }
  }

  package func send(_ bytes: UnsafeRawBufferPointer, to rank: Int, tag: Int) {
    mailbox[tag, default: []].append(Array(bytes))
  }

  package func receive(_ bytes: UnsafeMutableRawBufferPointer, from rank: Int, tag: Int) throws {
    guard var queue = mailbox[tag], !queue.isEmpty else {
      throw Failure(.internalError, "no message was sent with tag \(tag), and nobody else can send one")
    }
    let message = queue.removeFirst()
    try MessageLength.check(message.count, fits: bytes.count, source: 0, destination: 0)
    bytes.copyBytes(from: message)
    mailbox[tag] = queue
  }

  package func hasMessage(from rank: Int, tag: Int) -> Bool { !(mailbox[tag] ?? []).isEmpty }
  package func subgroup(color: Int?) -> (any ProcessGroup)? { color == nil ? nil : SoloProcessGroup() }
  package func nodeGroup() -> any ProcessGroup { SoloProcessGroup() }
  package func sharedMemory(byteCount: Int) throws -> MemoryRegion { try MemoryRegion(byteCount: byteCount) }
  package func abort(code: Int32) -> Never { exit(code) }
}
