/// Seconds on the monotonic clock, which no change of the date moves.
package struct Stopwatch {
  private let clock = ContinuousClock()
  private var start: ContinuousClock.Instant

  package init() { start = clock.now }

  package var seconds: Double { Self.seconds(clock.now - start) }

  /// Runs `body` and adds its seconds to `total`.
  package static func time<T>(_ total: inout Double, _ body: () throws -> T) rethrows -> T {
    let watch = Stopwatch()
    defer { total += watch.seconds }
    return try body()
  }

  private static func seconds(_ duration: Duration) -> Double {
    Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
  }
}
