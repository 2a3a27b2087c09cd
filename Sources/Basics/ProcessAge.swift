#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// How long this process has been there.
package enum ProcessAge {
  /// Seconds since the system started the process, to a hundredth; NaN where the system does not say.
  package static var seconds: Double {
    // After the name in parentheses, which may hold anything: field 22 of all, in ticks since the machine started.
    guard let status = SystemFile.text("/proc/self/stat"), let end = status.lastIndex(of: ")") else { return .nan }
    let fields = status[end...].split(separator: " ")
    var now = timespec()
    guard fields.count > 20, let start = Double(fields[20]), clock_gettime(CLOCK_BOOTTIME, &now) == 0 else {
      return .nan
    }
    return Double(now.tv_sec) + Double(now.tv_nsec) * 1e-9 - start / Double(sysconf(Int32(_SC_CLK_TCK)))
  }
}
