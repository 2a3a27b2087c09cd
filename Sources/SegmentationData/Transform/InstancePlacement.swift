import Detection

/// Where instances are after their image was resized and perhaps mirrored (torchvision's `resize_boxes`, and nearest
/// neighbours for masks).
package struct InstancePlacement {
  private let height: Int
  private let width: Int
  private let isFlipped: Bool
  private let vertical: Float
  private let horizontal: Float
  /// For each row and column the stored one that it shows.
  private let rows: [Int]
  private let columns: [Int]

  /// - Parameters:
  ///   - stored: of the image as it is in the dataset, in pixels.
  ///   - resized: without padding.
  package init(stored: (height: Int, width: Int), resized: (height: Int, width: Int), isFlipped: Bool) {
    (height, width) = resized
    self.isFlipped = isFlipped
    vertical = Float(resized.height) / Float(stored.height)
    horizontal = Float(resized.width) / Float(stored.width)
    rows = Self.sources(stored.height, resized.height)
    let columns = Self.sources(stored.width, resized.width)
    self.columns = isFlipped ? columns.reversed() : columns
  }

  private static func sources(_ stored: Int, _ resized: Int) -> [Int] {
    let ratio = Float(stored) / Float(resized)
    return (0..<resized).map { min(stored - 1, Int(Float($0) * ratio)) }
  }

  /// Those that are no crowd.
  package func target(_ instances: InstanceAnnotations) -> InstanceTarget {
    let own = (0..<instances.count).filter { !instances.isCrowd[$0] }
    return InstanceTarget(
      height: height, width: width, boxes: own.map { box(instances.boxes[$0]) },
      classes: own.map { Int(instances.classes[$0]) }, masks: own.map { mask(instances.masks[$0]) })
  }

  private func box(_ box: Box) -> Box {
    let (left, right) = (box.x1 * horizontal, box.x2 * horizontal)
    let (top, bottom) = (box.y1 * vertical, box.y2 * vertical)
    return isFlipped
      ? Box(Float(width) - right, top, Float(width) - left, bottom) : Box(left, top, right, bottom)
  }

  private func mask(_ mask: RunLengths) -> RunLengths {
    if !isFlipped && mask.height == height && mask.width == width { return mask }
    let source = mask.bitmap()
    return RunLengths(height: height, width: width) { row, column in
      source[rows[row] * mask.width + columns[column]] != 0
    }
  }
}
