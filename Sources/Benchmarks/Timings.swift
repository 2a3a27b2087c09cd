/// What the repetitions of one measurement took, in the order of the rounds.
package struct Timings: Equatable, Sendable {
  package let seconds: [Double]

  package init(_ seconds: [Double]) { self.seconds = seconds }

  /// NaN where nothing was measured.
  package var median: Double {
    let sorted = seconds.sorted()
    guard !sorted.isEmpty else { return .nan }
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
  }

  package var minimum: Double { seconds.min() ?? .nan }
  package var maximum: Double { seconds.max() ?? .nan }

  /// Every time multiplied by `factor`.
  package static func * (timings: Timings, factor: Double) -> Timings { Timings(timings.seconds.map { $0 * factor }) }
}
