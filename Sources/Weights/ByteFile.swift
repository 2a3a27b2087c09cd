import Basics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A file read by position. Whoever asks for more than it has gets an error, not memory.
final class ByteFile: Sendable {
  let path: String
  let count: Int
  private let descriptor: Int32

  /// - Throws: `Failure(.missingInput)` where there is no such regular file.
  init(_ path: String) throws {
    self.path = path
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      let code = errno
      throw Failure(code == ENOENT ? .missingInput : .inputOutput, "cannot open \(path) (\(systemErrorText(code)))")
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw Failure(.missingInput, "\(path) is not a regular file")
    }
    count = Int(status.st_size)
  }

  deinit { close(descriptor) }

  func failure(_ problem: String) -> Failure { Failure(.badData, "\(path): \(problem)") }

  /// - Throws: `Failure(.badData)` where `range` is not within the file.
  func bytes(_ range: Range<Int>) throws -> [UInt8] {
    guard range.lowerBound >= 0 && range.upperBound <= count else {
      throw failure("bytes \(range.lowerBound) to \(range.upperBound) are beyond its end at \(count): it is cut off")
    }
    return try [UInt8](unsafeUninitializedCapacity: range.count) { buffer, filled in
      try fill(UnsafeMutableRawBufferPointer(buffer), from: range.lowerBound)
      filled = range.count
    }
  }

  /// The first bytes from `offset` on, at most `most`.
  func prefix(from offset: Int, most: Int) throws -> [UInt8] {
    guard offset >= 0 && offset <= count else { throw failure("position \(offset) is beyond its end at \(count)") }
    return try bytes(offset..<min(count, offset + most))
  }

  private func fill(_ buffer: UnsafeMutableRawBufferPointer, from offset: Int) throws {
    var done = 0
    while done < buffer.count {
      let got = pread(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done, off_t(offset + done))
      if got < 0 && errno == EINTR { continue }
      if got < 0 { throw Failure(.inputOutput, "cannot read \(path) (\(systemErrorText()))") }
      guard got > 0 else { throw failure("it became shorter while it was read") }
      done += got
    }
  }

  func littleEndian<T: FixedWidthInteger>(_: T.Type, at offset: Int) throws -> T {
    try bytes(offset..<offset + MemoryLayout<T>.size).reversed().reduce(0) { $0 << 8 | T(truncatingIfNeeded: $1) }
  }
}
