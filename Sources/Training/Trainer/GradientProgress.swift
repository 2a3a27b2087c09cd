import Model

/// How much of a gradient is complete while a backward pass goes on: everything from one element of the arena up. The
/// last layers, at the arena's end, come first; what comes out of turn waits for those above it.
struct GradientProgress {
  private let ranges: [Range<Int>]
  private var isComplete: [Bool]
  private var pending: Int
  /// From here on everything is complete.
  private(set) var start: Int

  init(_ table: ParameterTable) {
    ranges = table.parameters.map(\.range).sorted { $0.lowerBound < $1.lowerBound }
    isComplete = ranges.map { _ in false }
    pending = ranges.count
    start = table.floatCount
  }

  /// Notes that the gradient of the parameter at `range` is complete.
  ///
  /// - Returns: what has become complete with everything above it.
  mutating func complete(_ range: Range<Int>) -> Range<Int> {
    if let index = ranges.firstIndex(of: range) { isComplete[index] = true }
    while pending > 0 && isComplete[pending - 1] { pending -= 1 }
    return advance(to: pending < ranges.count ? ranges[pending].lowerBound : start)
  }

  /// - Returns: all that was not complete before.
  mutating func completeAll() -> Range<Int> { advance(to: 0) }

  private mutating func advance(to element: Int) -> Range<Int> {
    defer { start = element }
    return element..<start
  }
}
