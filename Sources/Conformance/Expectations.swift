import Basics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Throws where `condition` does not hold.
package func expect(_ condition: Bool, _ text: @autoclosure () -> String) throws {
  if !condition { throw Failure(.internalError, "expected \(text())") }
}

/// Throws where `body` does not throw a `Failure` whose message contains `part`.
package func expectFailure(containing part: String, _ body: () throws -> Void) throws {
  do {
    try body()
  } catch let failure as Failure {
    return try expect(failure.description.contains(part), "'\(part)' in the error '\(failure)'")
  }
  throw Failure(.internalError, "expected an error with '\(part)', got none")
}

/// A byte that depends on all of its arguments.
func pattern(_ source: Int, _ destination: Int, _ message: Int, _ index: Int) -> UInt8 {
  UInt8(truncatingIfNeeded: source &* 31 &+ destination &* 7 &+ message &* 101 &+ index &* 13)
}

func pause(seconds: Double) { usleep(UInt32(seconds * 1e6)) }
