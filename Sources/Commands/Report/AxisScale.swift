import Basics

/// How numbers lie along an axis: its ends, and the round numbers that are marked.
package struct AxisScale: Equatable {
  package let lower: Double
  package let upper: Double
  package let ticks: [Double]
  private let step: Double

  /// An axis that has room for all of `values`, with about `count` marks. It begins at 0 where the values allow it.
  package init(covering values: [Double], count: Int, fromZero: Bool = true) {
    let finite = values.filter(\.isFinite)
    var low = finite.min() ?? 0
    var high = finite.max() ?? 1
    if fromZero, low > 0 { low = 0 }
    if high <= low { high = low + max(1e-12, abs(low), 1e-300) }
    let step = Self.roundStep((high - low) / Double(max(1, count)))
    let first = (low / step).rounded(.down)
    let last = (high / step).rounded(.up)
    ticks = (0...min(100, Int(last - first))).map { (first + Double($0)) * step }
    lower = ticks[0]
    upper = ticks[ticks.count - 1]
    self.step = step
  }

  /// An axis from one given end to the other, marked at round numbers between.
  package init(from lower: Double, to upper: Double, count: Int) {
    let end = upper > lower ? upper : lower + 1
    let step = Self.roundStep((end - lower) / Double(max(1, count)))
    let (first, last) = ((lower / step).rounded(.up), (end / step).rounded(.down))
    ticks = last >= first ? (0...min(100, Int(last - first))).map { (first + Double($0)) * step } : []
    self.lower = lower
    self.upper = end
    self.step = step
  }

  /// Where `value` lies, 0 at the lower end and 1 at the upper.
  package func position(of value: Double) -> Double { (value - lower) / (upper - lower) }

  /// A mark's number, with as many digits as tell the marks apart.
  package func label(_ tick: Double) -> String {
    let largest = max(abs(lower), abs(upper))
    if largest < 0.001 || largest >= 1e7 { return tick == 0 ? "0" : significant(tick, 2) }
    var places = 0
    while places < 8, abs(step * power(10, Double(places)) - (step * power(10, Double(places))).rounded()) > 1e-6 {
      places += 1
    }
    return fixed(tick, places)
  }

  /// The smallest of 1, 2, 2.5, 5 times a power of ten that is not below `step`.
  private static func roundStep(_ step: Double) -> Double {
    let magnitude = power(10, (logarithm(step) / logarithm(10)).rounded(.down))
    return ([1, 2, 2.5, 5].first { $0 * magnitude >= step * 0.999 } ?? 10) * magnitude
  }
}
