/// Gives each box (anchor or proposal) the instance that it overlaps most (torchvision's `Matcher`).
package struct Matcher: Equatable, Sendable {
  package static let background: Int32 = -1
  package static let ignored: Int32 = -2

  /// From this overlap on a box has its instance.
  package let foreground: Float
  /// Below this overlap a box is background; between the two it is ignored.
  package let background: Float
  /// Whether the boxes with each instance's highest overlap have their instance, however low it is.
  package let keepsBest: Bool

  package init(foreground: Float, background: Float, keepsBest: Bool) {
    self.foreground = foreground
    self.background = background
    self.keepsBest = keepsBest
  }

  /// For each box the index of its instance (of equal ones the first), -1 for background, -2 for ignored. Without
  /// instances all is background.
  ///
  /// An instance that no box overlaps is given to none; torchvision gives it to all boxes without any overlap.
  package func matches(boxes: [Box], truths: [Box]) -> [Int32] {
    matches(boxCount: boxes.count, truthCount: truths.count) { box, truth in boxes[box].overlap(with: truths[truth]) }
  }

  /// The same from any overlaps, which are asked for twice.
  @inline(__always)
  package func matches(
    boxCount: Int, truthCount: Int, overlap: (_ box: Int, _ truth: Int) -> Float
  ) -> [Int32] {
    var result = [Int32](repeating: Self.background, count: boxCount)
    guard truthCount > 0 else { return result }
    var candidates = result
    var highest = [Float](repeating: 0, count: truthCount)
    for box in 0..<boxCount {
      var best: Float = -1
      for truth in 0..<truthCount {
        let value = overlap(box, truth)
        if value > best {
          best = value
          candidates[box] = Int32(truth)
        }
        highest[truth] = max(highest[truth], value)
      }
      result[box] = best >= foreground ? candidates[box] : best < background ? Self.background : Self.ignored
    }
    guard keepsBest else { return result }
    for box in 0..<boxCount {
      for truth in 0..<truthCount where highest[truth] > 0 && overlap(box, truth) == highest[truth] {
        result[box] = candidates[box]
      }
    }
    return result
  }
}
