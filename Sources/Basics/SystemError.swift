#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The system's own text for an error number, by default the one of the last call.
package func systemErrorText(_ code: Int32 = errno) -> String { String(cString: strerror(code)) }
