import Basics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The bytes of a shard or another large file, read by offset: threads do not wait for the HDF5 library's lock.
final class ShardFile: Sendable {
  let path: String
  private let descriptor: Int32

  init(path: String) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      let code = errno
      throw Failure(
        .inputOutput, "cannot open \(path) (\(systemErrorText(code)))",
        remedy: code == EMFILE ? "raise the limit of open files (ulimit -n)" : nil)
    }
    self.path = path
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// - Throws: `Failure(.missingInput)` where it is no regular file.
  func byteCount() throws -> Int {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw Failure(.inputOutput, "\(path): cannot be read (\(systemErrorText()))")
    }
    guard status.st_mode & S_IFMT == S_IFREG else { throw Failure(.missingInput, "\(path) is not a regular file") }
    return Int(status.st_size)
  }

  /// Numbers as they lie in memory, from `offset` on.
  ///
  /// - Parameter what: as of `read`.
  func values<Value: BitwiseCopyable>(count: Int, at offset: Int, _ what: @autoclosure () -> String) throws -> [Value] {
    try [Value](unsafeUninitializedCapacity: count) { buffer, filled in
      let bytes = UnsafeMutableRawBufferPointer(start: buffer.baseAddress, count: count * MemoryLayout<Value>.stride)
      try read(into: bytes, at: offset, what())
      filled = count
    }
  }

  /// Fills `buffer` from `offset` on.
  ///
  /// - Parameter what: what the bytes are, for messages: "image 'a'".
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int, _ what: @autoclosure () -> String) throws {
    guard let base = buffer.baseAddress else { return }
    var done = 0
    while done < buffer.count {
      let count = pread(descriptor, base + done, buffer.count - done, off_t(offset + done))
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else {
        throw Failure(.inputOutput, "\(path): cannot read \(what()) (\(systemErrorText()))")
      }
      guard count > 0 else {
        throw Failure(
          .badData, "\(path): the file ends within \(what())",
          remedy: "it was cut after it was opened: copy it or import the dataset again")
      }
      done += count
    }
  }
}
