#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Lines on the error stream, each in one write so that lines of several processes never mix.
package enum Diagnostic {
  /// Writes `text` and a line end.
  package static func line(_ text: String) {
    let bytes = Array((text + "\n").utf8)
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes { write(2, $0.baseAddress.map { $0 + done }, bytes.count - done) }
      if count > 0 {
        done += count
      } else if errno != EINTR {
        return
      }
    }
  }

  /// The one line that an error is (FORMATS.md section 8).
  package static func errorLine(_ error: any Error, rank: Int? = nil) -> String {
    let place = rank.map { "rank \($0): " } ?? ""
    let text = String(describing: error).split(whereSeparator: \.isNewline).joined(separator: " ")
    return "fcn-dist: error: \(place)\(text)"
  }

  /// The exit code of an error: its kind where it is a `Failure`, else "internal".
  package static func exitCode(of error: any Error) -> Int32 {
    (error as? Failure)?.exitCode ?? Failure.Kind.internalError.rawValue
  }
}
