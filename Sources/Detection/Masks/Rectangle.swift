/// A box as COCO writes it: its upper left corner and its size in pixels, float64.
package struct Rectangle: Equatable, Sendable {
  package var x: Double
  package var y: Double
  package var width: Double
  package var height: Double

  package init(x: Double, y: Double, width: Double, height: Double) {
    self.x = x
    self.y = y
    self.width = width
    self.height = height
  }

  package var area: Double { width * height }
  /// Whether all four are numbers and the size is not negative.
  package var isValid: Bool {
    x.isFinite && y.isFinite && width.isFinite && height.isFinite && width >= 0 && height >= 0
  }

  /// Intersection over union, or over the area of this box where the other one surrounds a crowd (pycocotools' `bbIou`,
  /// with its order of operations).
  package func overlap(with truth: Rectangle, isCrowd: Bool) -> Double {
    let w = min(width + x, truth.width + truth.x) - max(x, truth.x)
    guard w > 0 else { return 0 }
    let h = min(height + y, truth.height + truth.y) - max(y, truth.y)
    guard h > 0 else { return 0 }
    let intersection = w * h
    return intersection / (isCrowd ? area : area + truth.area - intersection)
  }
}
