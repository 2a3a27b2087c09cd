#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The natural logarithm.
package func logarithm(_ x: Double) -> Double { log(x) }
/// e to the power of `x`.
package func exponential(_ x: Double) -> Double { exp(x) }
/// The cosine of `x` in radians.
package func cosine(_ x: Double) -> Double { cos(x) }
/// The sine of `x` in radians.
package func sine(_ x: Double) -> Double { sin(x) }
/// `x` to the power of `y`.
package func power(_ x: Double, _ y: Double) -> Double { pow(x, y) }
