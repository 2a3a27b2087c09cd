import Basics
import CHDF5

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// One end of a pair of connected sockets over which messages go, each after its length.
final class MessageStream {
  /// The other end is gone.
  struct Ended: Error {}

  private var descriptor: Int32

  /// Takes the descriptor over.
  init(_ descriptor: Int32) { self.descriptor = descriptor }

  deinit { end() }

  /// Lets the other end know that nothing comes any more.
  func end() {
    guard descriptor >= 0 else { return }
    close(descriptor)
    descriptor = -1
  }

  func send(_ bytes: [UInt8]) throws {
    var header = MessageWriter()
    header.put(bytes.count)
    try header.bytes.withUnsafeBytes(sendAll)
    try bytes.withUnsafeBytes(sendAll)
  }

  /// Sends a byte 0 and `body` without making one message of them in memory.
  func send(answer body: UnsafeRawBufferPointer) throws {
    var header = MessageWriter()
    header.put(body.count + 1)
    header.put(0 as UInt8)
    try header.bytes.withUnsafeBytes(sendAll)
    try sendAll(body)
  }

  /// - Parameter limit: a longer message counts as the end.
  func receive(limit: Int) throws -> [UInt8] {
    let count = try receiveLength()
    guard count >= 0, count <= limit else { throw Ended() }
    return try receive(count: count)
  }

  /// An answer whose body belongs into `buffer`.
  ///
  /// - Returns: nil where that was done, else the message: a failure, or of another length.
  func receive(into buffer: UnsafeMutableRawBufferPointer, limit: Int) throws -> [UInt8]? {
    let count = try receiveLength()
    guard count >= 1, count <= max(limit, buffer.count + 1) else { throw Ended() }
    let status = try receive(count: 1)
    guard status == [0], count == buffer.count + 1 else { return status + (try receive(count: count - 1)) }
    try receiveAll(buffer)
    return nil
  }

  private func receiveLength() throws -> Int {
    var header = MessageReader(try receive(count: MemoryLayout<Int>.size))
    return try header.integer()
  }

  /// Takes memory as bytes arrive, not as they are announced.
  private func receive(count: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      let pieceCount = min(count - bytes.count, 1 << 20)
      bytes += try [UInt8](unsafeUninitializedCapacity: pieceCount) { buffer, filled in
        try receiveAll(UnsafeMutableRawBufferPointer(start: buffer.baseAddress, count: pieceCount))
        filled = pieceCount
      }
    }
    return bytes
  }

  private func receiveAll(_ buffer: UnsafeMutableRawBufferPointer) throws {
    var done = 0
    while done < buffer.count {
      let count = recv(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done, 0)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw Ended() }
      done += count
    }
  }

  private func sendAll(_ buffer: UnsafeRawBufferPointer) throws {
    var done = 0
    while done < buffer.count {
      let count = chdf5_reader_send(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw Ended() }
      done += count
    }
  }
}
