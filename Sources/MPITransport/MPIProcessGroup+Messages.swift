import Basics
import CMPI
import Collectives

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

extension MPIProcessGroup {
  /// Tags of `send` are below it.
  private static let exchangeTag: Int32 = 1000

  package func send(_ bytes: UnsafeRawBufferPointer, to rank: Int, tag: Int) throws {
    let communicator = try communicator()
    try MPIStatus.check(
      cmpi_send(
        bytes.baseAddress, Int64(bytes.count), try peer(rank), try mpiTag(tag), Int64(settings.pieceByteCount),
        communicator),
      "MPI_Send of \(bytes.count) bytes to rank \(rank)")
  }

  package func receive(_ bytes: UnsafeMutableRawBufferPointer, from rank: Int, tag: Int) throws {
    let communicator = try communicator()
    var received: Int64 = 0
    try MPIStatus.check(
      cmpi_receive(
        bytes.baseAddress, Int64(bytes.count), try peer(rank), try mpiTag(tag), Int64(settings.pieceByteCount),
        communicator, &received),
      "MPI_Recv of \(bytes.count) bytes from rank \(rank)")
    try MessageLength.check(Int(received), fits: bytes.count, source: rank, destination: self.rank)
  }

  package func hasMessage(from rank: Int, tag: Int) throws -> Bool {
    var isWaiting: Int32 = 0
    try MPIStatus.check(
      cmpi_probe(try peer(rank), try mpiTag(tag), try communicator(), &isWaiting), "MPI_Iprobe of rank \(rank)")
    return isWaiting != 0
  }

  package func exchange(sends: [OutgoingMessage], receives: [IncomingMessage], isPatient: Bool) throws {
    let communicator = try announce(CollectiveCall(.exchange))
    if settings.checksCollectives { try checkPlans(sends, receives) }
    var transfers: [Transfer] = []
    // Receives first: a message that finds its receive waiting is not copied twice.
    for message in receives {
      try startPieces(of: message.bytes.count) { offset, count in
        var transfer = Transfer(expected: count, peer: message.source)
        let place = message.bytes.baseAddress.map { $0 + offset }
        try MPIStatus.check(
          cmpi_start_receive(
            place, Int32(count), try peer(message.source), Self.exchangeTag, communicator, &transfer.request),
          "MPI_Irecv of \(count) bytes from rank \(message.source)")
        transfers.append(transfer)
      }
    }
    for message in sends {
      try startPieces(of: message.bytes.count) { offset, count in
        var transfer = Transfer(expected: nil, peer: message.destination)
        let place = message.bytes.baseAddress.map { $0 + offset }
        try MPIStatus.check(
          cmpi_start_send(
            place, Int32(count), try peer(message.destination), Self.exchangeTag, communicator, &transfer.request),
          "MPI_Isend of \(count) bytes to rank \(message.destination)")
        transfers.append(transfer)
      }
    }
    try finish(transfers, isPatient: isPatient)
  }

  /// A message under way.
  private struct Transfer {
    var request: cmpi_request?
    /// Bytes, for a receive; nil for a send.
    let expected: Int?
    let peer: Int

    init(expected: Int?, peer: Int) {
      self.expected = expected
      self.peer = peer
    }
  }

  /// Waits for all, so that none is left writing into memory, and throws the first error.
  private func finish(_ transfers: [Transfer], isPatient: Bool) throws {
    var failure: (any Error)?
    for var transfer in transfers {
      do {
        let received = try wait(for: &transfer, isPatient: isPatient)
        guard let expected = transfer.expected else { continue }
        try MessageLength.check(received, fits: expected, source: transfer.peer, destination: rank)
      } catch {
        failure = failure ?? error
      }
    }
    if let failure { throw failure }
  }

  /// - Returns: the bytes that arrived.
  private func wait(for transfer: inout Transfer, isPatient: Bool) throws -> Int {
    let isSend = transfer.expected == nil
    var received: Int32 = 0
    let status = withUnsafeMutablePointer(to: &received) { received in
      let count = isSend ? nil : received
      return isPatient ? poll(&transfer.request, count) : cmpi_wait(&transfer.request, count)
    }
    try MPIStatus.check(status, isSend ? "sending to rank \(transfer.peer)" : "receiving from rank \(transfer.peer)")
    return Int(received)
  }

  /// MPI's own wait keeps a core busy. Every look moves all messages on, not only this one.
  private func poll(_ request: inout cmpi_request?, _ received: UnsafeMutablePointer<Int32>?) -> Int32 {
    while true {
      var isDone: Int32 = 0
      let status = cmpi_test(&request, &isDone, received)
      if status != 0 || isDone != 0 { return status }
      usleep(100)
    }
  }

  private func startPieces(of byteCount: Int, _ start: (_ offset: Int, _ count: Int) throws -> Void) throws {
    var offset = 0
    repeat {
      let count = min(settings.pieceByteCount, byteCount - offset)
      try start(offset, count)
      offset += count
    } while offset < byteCount
  }

  /// Every rank's list of messages must meet the others' lists.
  private func checkPlans(_ sends: [OutgoingMessage], _ receives: [IncomingMessage]) throws {
    func bytes(_ lengths: [[Int64]]) -> [UInt8] { lengths.joined().withContiguousBytes() }
    let outgoing = (0..<size).map { peer in sends.filter { $0.destination == peer }.map { Int64($0.bytes.count) } }
    let incoming = (0..<size).map { peer in receives.filter { $0.source == peer }.map { Int64($0.bytes.count) } }
    let counts = try gatherWords(outgoing.map { Int64($0.count) } + incoming.map { Int64($0.count) })
    let plans = try allGather(bytes(outgoing + incoming)).enumerated().map { rank, bytes in
      Self.lists(bytes, counts[rank].map { Int($0) })
    }
    for source in 0..<size {
      for destination in 0..<size where plans[source][destination] != plans[destination][size + source] {
        throw Failure(
          .internalError,
          "rank \(source) sends rank \(destination) messages of \(plans[source][destination]) bytes, which expects "
            + "\(plans[destination][size + source])")
      }
    }
  }

  private static func lists(_ bytes: [UInt8], _ counts: [Int]) -> [[Int64]] {
    var position = 0
    return bytes.withUnsafeBytes { raw in
      counts.map { count in
        defer { position += count }
        return (position..<position + count).map { raw.loadUnaligned(fromByteOffset: $0 * 8, as: Int64.self) }
      }
    }
  }

  private func peer(_ rank: Int) throws -> Int32 {
    guard rank >= 0 && rank < size else {
      throw Failure(.internalError, "there is no rank \(rank) in a group of \(size) to talk to")
    }
    return Int32(rank)
  }

  private func mpiTag(_ tag: Int) throws -> Int32 {
    guard tag >= 0 && tag < Int(Self.exchangeTag) else {
      throw Failure(.internalError, "a message's tag is \(tag); it must be in 0 ..< \(Self.exchangeTag)")
    }
    return Int32(tag)
  }
}

extension Sequence where Element == Int64 {
  fileprivate func withContiguousBytes() -> [UInt8] { Array(self).withUnsafeBytes { Array($0) } }
}
