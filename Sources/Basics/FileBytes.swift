#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// Inside the type the names of the system's calls are taken.
private func systemRead(_ descriptor: Int32, _ target: UnsafeMutableRawPointer, _ count: Int) -> Int {
  read(descriptor, target, count)
}
private func systemWrite(_ descriptor: Int32, _ source: UnsafeRawPointer, _ count: Int) -> Int {
  write(descriptor, source, count)
}

/// Whole files, read into memory and written so that they are either complete or not there.
package enum FileBytes {
  /// The bytes of a regular file of at most `limit` bytes.
  package static func read(_ path: String, limit: Int = 1 << 30) throws -> [UInt8] {
    // A pipe is refused below, and nobody waits until somebody writes to it.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      let code = errno
      throw Failure(code == ENOENT ? .missingInput : .inputOutput, "cannot open \(path) (\(systemErrorText(code)))")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw Failure(.inputOutput, "cannot examine \(path) (\(systemErrorText()))")
    }
    guard status.st_mode & S_IFMT == S_IFREG else { throw Failure(.missingInput, "\(path) is not a regular file") }
    let count = Int(status.st_size)
    guard count <= limit else {
      throw Failure(.badData, "\(path) has \(count) bytes, more than the \(limit) that are accepted here")
    }
    return try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      guard let base = buffer.baseAddress else { return }
      while filled < count {
        let got = systemRead(descriptor, base + filled, count - filled)
        if got < 0 && errno == EINTR { continue }
        if got < 0 { throw Failure(.inputOutput, "cannot read \(path) (\(systemErrorText()))") }
        if got == 0 { break }
        filled += got
      }
    }
  }

  /// The first bytes of a regular file; nil where there is none that can be read.
  package static func head(of path: String, count: Int) -> [UInt8]? {
    // Nobody waits until somebody writes to a pipe.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      if let base = buffer.baseAddress { filled = max(0, systemRead(descriptor, base, count)) }
    }
  }

  /// Writes under a temporary name beside `path`, syncs, renames and syncs the folder: after a crash the file is whole
  /// or not there.
  package static func write(_ bytes: UnsafeRawBufferPointer, to path: String) throws {
    let temporary = temporaryPath(for: path)
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      throw Failure(.cannotCreate, "cannot create \(temporary) (\(systemErrorText()))")
    }
    var written = 0
    while let base = bytes.baseAddress, written < bytes.count {
      let count = systemWrite(descriptor, base + written, bytes.count - written)
      if count < 0 && errno == EINTR { continue }
      if count <= 0 {
        let text = systemErrorText()
        close(descriptor)
        unlink(temporary)
        throw Failure(.inputOutput, "cannot write \(path) (\(text))")
      }
      written += count
    }
    // Network file systems may keep what they could not write for this.
    guard close(descriptor) == 0 || errno == EINTR else {
      let text = systemErrorText()
      unlink(temporary)
      throw Failure(.inputOutput, "cannot write \(path) (\(text))")
    }
    try commit(temporary, as: path)
  }

  /// Where a file is written before it is complete: beside it, so that the rename stays on one file system.
  package static func temporaryPath(for path: String) -> String { "\(path).partial-\(getpid())" }

  /// Makes a file written under `temporary` durable and gives it its name. On an error the temporary file is removed.
  ///
  /// - Parameter renamed: called when it has its name, which may not be on the disk yet.
  package static func commit(_ temporary: String, as path: String, renamed: () -> Void = {}) throws {
    do {
      try synchronise(temporary)
      guard rename(temporary, path) == 0 else {
        throw Failure(.cannotCreate, "cannot rename \(temporary) to \(path) (\(systemErrorText()))")
      }
    } catch {
      unlink(temporary)
      throw error
    }
    renamed()
    try synchronise(folder(of: path))
  }

  /// The folder part of a path; "." where it has none.
  package static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Waits until a file or a folder is on the disk.
  package static func synchronise(_ path: String) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Failure(.inputOutput, "cannot open \(path) (\(systemErrorText()))") }
    defer { close(descriptor) }
    // Some network file systems do not sync folders and say EINVAL: nothing better can be done there.
    guard fsync(descriptor) == 0 || errno == EINVAL else {
      throw Failure(.inputOutput, "cannot sync \(path) (\(systemErrorText()))")
    }
  }
}
