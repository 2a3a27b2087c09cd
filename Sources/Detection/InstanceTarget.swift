/// The instances of one image as a network is trained on them, in pixels of the resized image.
package struct InstanceTarget: Sendable {
  /// The resized image without its padding.
  package let height: Int
  package let width: Int
  package let boxes: [Box]
  /// 1 ..< classes.
  package let classes: [Int]
  /// [height, width] each.
  package let masks: [RunLengths]

  /// - Precondition: as many boxes as classes and masks.
  package init(height: Int, width: Int, boxes: [Box], classes: [Int], masks: [RunLengths]) {
    precondition(boxes.count == classes.count && boxes.count == masks.count)
    self.height = height
    self.width = width
    self.boxes = boxes
    self.classes = classes
    self.masks = masks
  }
}
