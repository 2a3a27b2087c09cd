import Basics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The first bytes of a file, which tell its kind.
enum FileStart {
  /// Up to `count` bytes.
  ///
  /// - Throws: `Failure` if it is not a regular file or cannot be read.
  static func bytes(_ path: String, count: Int) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      let code = errno
      throw Failure(code == ENOENT ? .missingInput : .inputOutput, "cannot open \(path) (\(systemErrorText(code)))")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw Failure(.missingInput, "\(path) is not a regular file")
    }
    var bytes = [UInt8](repeating: 0, count: count)
    let got = read(descriptor, &bytes, count)
    guard got >= 0 else { throw Failure(.inputOutput, "cannot read \(path) (\(systemErrorText()))") }
    return Array(bytes.prefix(got))
  }

  /// Whether a file begins as a picture does, whatever its name.
  static func isPicture(_ path: String) -> Bool {
    guard let start = try? bytes(path, count: 12) else { return false }
    let signatures: [[UInt8]] = [
      [0x89, 0x50, 0x4E, 0x47], [0xFF, 0xD8, 0xFF], [0x49, 0x49, 0x2A, 0], [0x4D, 0x4D, 0, 0x2A],
      [0x42, 0x4D], Array("GIF8".utf8),
    ]
    return signatures.contains { start.starts(with: $0) }
      || (start.starts(with: Array("RIFF".utf8)) && start.suffix(4) == Array("WEBP".utf8))
  }
}
