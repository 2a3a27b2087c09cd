import Basics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A file read and written by byte position, closed with its owner.
final class RawFile {
  let path: String
  private let descriptor: Int32

  /// - Parameter flags: as of open(2).
  init(_ path: String, flags: Int32) throws {
    descriptor = open(path, flags | O_CLOEXEC)
    self.path = path
    guard descriptor >= 0 else { throw Self.failure("cannot open \(path)") }
  }

  deinit { close(descriptor) }

  static func failure(_ problem: String) -> Failure {
    Failure(.inputOutput, "\(problem) (\(systemErrorText()))")
  }

  func byteCount() throws -> Int {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw Self.failure("cannot look at \(path)") }
    return Int(status.st_size)
  }

  /// Fills `buffer` with the bytes at `offset`.
  ///
  /// - Throws: `Failure(.badData)` if the file ends before.
  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws {
    var done = 0
    while done < buffer.count {
      let count = pread(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done, off_t(offset + done))
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw Self.failure("cannot read \(path)") }
      guard count > 0 else { throw Failure(.badData, "\(path) ends at byte \(offset + done)") }
      done += count
    }
  }

  func read(at offset: Int, count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    try bytes.withUnsafeMutableBytes { try read(at: offset, into: $0) }
    return bytes
  }

  func write(_ bytes: [UInt8], at offset: Int) throws {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes {
        pwrite(descriptor, $0.baseAddress.map { $0 + done }, bytes.count - done, off_t(offset + done))
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw Self.failure("cannot write \(path)") }
      done += count
    }
  }

  /// Calls `body` with the bytes of `range` in pieces that overlap by `overlap` bytes, and where each piece begins.
  func forEachBlock(
    of range: Range<Int>, overlap: Int = 0, _ body: (UnsafeRawBufferPointer, Int) throws -> Void
  ) throws {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: min(4 << 20, max(1, range.count)), alignment: 64)
    defer { buffer.deallocate() }
    var offset = range.lowerBound
    while offset < range.upperBound {
      let block = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(buffer.count, range.upperBound - offset)])
      try read(at: offset, into: block)
      try body(UnsafeRawBufferPointer(block), offset)
      if offset + block.count >= range.upperBound { break }
      offset += block.count - overlap
    }
  }
}
