/// A box by two corners in pixels, float32: x1, y1, x2, y2 with exclusive ends, as four floats in memory.
package struct Box: BitwiseCopyable, Equatable, Sendable {
  package var x1: Float
  package var y1: Float
  package var x2: Float
  package var y2: Float

  package init(_ x1: Float, _ y1: Float, _ x2: Float, _ y2: Float) {
    self.x1 = x1
    self.y1 = y1
    self.x2 = x2
    self.y2 = y2
  }

  package var width: Float { x2 - x1 }
  package var height: Float { y2 - y1 }
  package var area: Float { (x2 - x1) * (y2 - y1) }

  /// Intersection over union; 0 where both boxes are empty (torchvision: not a number).
  @inline(__always)
  package func overlap(with other: Box) -> Float {
    let w = max(min(x2, other.x2) - max(x1, other.x1), 0)
    let h = max(min(y2, other.y2) - max(y1, other.y1), 0)
    let intersection = w * h
    let union = area + other.area - intersection
    return union > 0 ? intersection / union : 0
  }

  /// The part within an image of so many pixels.
  package func clipped(width: Int, height: Int) -> Box {
    let (w, h) = (Float(width), Float(height))
    return Box(min(max(x1, 0), w), min(max(y1, 0), h), min(max(x2, 0), w), min(max(y2, 0), h))
  }

  /// Whether both sides are at least so long; not where a coordinate is not a number.
  package func isAtLeast(_ side: Float) -> Bool { width >= side && height >= side }
}
