#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The standard output.
enum Output {
  /// Writes `text` and a line end, unbuffered: the lines of a killed process are not lost.
  static func write(_ text: String) {
    var bytes = Array((text + "\n").utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(1, $0.baseAddress, $0.count) }
      guard count > 0 || errno == EINTR else { return }
      bytes.removeFirst(max(0, count))
    }
  }
}
