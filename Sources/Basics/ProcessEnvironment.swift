#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What the process was started with.
package enum ProcessEnvironment {
  /// The environment variable `name`; nil where it is not set.
  package static func string(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

  /// The names of all environment variables.
  package static var names: [String] {
    var names: [String] = []
    var entry = environ
    while let text = entry.pointee {
      names.append(String(String(cString: text).prefix { $0 != "=" }))
      entry += 1
    }
    return names
  }

  /// The integer in variable `name`, or `fallback` where it is not set.
  package static func integer(_ name: String, default fallback: Int, in range: ClosedRange<Int>) throws -> Int {
    guard let text = string(name), !text.isEmpty else { return fallback }
    guard let value = Int(text), range.contains(value) else {
      throw Failure(
        .usage, "environment variable \(name) is '\(text)'",
        remedy: "it takes a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  /// The name of this machine.
  package static var hostName: String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "unknown host" }
    return name.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "unknown host" }
  }

  /// Seconds on a clock that never jumps and that all processes of a machine share.
  package static var monotonicSeconds: Double {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) * 1e-9
  }
}
