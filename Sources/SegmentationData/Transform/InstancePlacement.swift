import Detection

/// Where instances are after their image was resized and perhaps mirrored (torchvision's `resize_boxes`, and nearest
/// neighbours for masks).
package struct InstancePlacement {
  private let height: Int
  private let width: Int
  private let isFlipped: Bool
  private let vertical: Float
  private let horizontal: Float

  /// - Parameters:
  ///   - stored: of the image as it is in the dataset, in pixels.
  ///   - resized: without padding.
  package init(stored: (height: Int, width: Int), resized: (height: Int, width: Int), isFlipped: Bool) {
    (height, width) = resized
    self.isFlipped = isFlipped
    vertical = Float(resized.height) / Float(stored.height)
    horizontal = Float(resized.width) / Float(stored.width)
  }

  /// Those that are no crowd.
  package func target(_ instances: InstanceAnnotations) -> InstanceTarget {
    let own = (0..<instances.count).filter { !instances.isCrowd[$0] }
    return InstanceTarget(
      height: height, width: width, boxes: own.map { box(instances.boxes[$0]) },
      classes: own.map { Int(instances.classes[$0]) },
      masks: own.map { instances.masks[$0].resized(height: height, width: width, isFlipped: isFlipped) })
  }

  private func box(_ box: Box) -> Box {
    let (left, right) = (box.x1 * horizontal, box.x2 * horizontal)
    let (top, bottom) = (box.y1 * vertical, box.y2 * vertical)
    return isFlipped
      ? Box(Float(width) - right, top, Float(width) - left, bottom) : Box(left, top, right, bottom)
  }
}
