/// The size in which instances are looked for: the shorter side brought to `minSize` pixels, the longer to `maxSize` at
/// most, and the whole padded below and to the right to multiples of 32 (torchvision's `GeneralizedRCNNTransform`).
package struct InstanceFrame: Equatable, Sendable {
  package let minSize: Int
  package let maxSize: Int

  package init(minSize: Int, maxSize: Int) {
    self.minSize = minSize
    self.maxSize = maxSize
  }

  /// The resized image without padding, in pixels.
  ///
  /// - Parameter scale: makes it larger or smaller yet.
  package func resized(_ size: (height: Int, width: Int), scale: Float = 1) -> (height: Int, width: Int) {
    let shorter = Double(min(size.height, size.width))
    let longer = Double(max(size.height, size.width))
    let factor = min(Double(minSize) / shorter, Double(maxSize) / longer) * Double(scale)
    // Truncated after the multiplication: 97 pixels become 799 of 800, there as here.
    return (max(1, Int(Double(size.height) * factor)), max(1, Int(Double(size.width) * factor)))
  }

  /// The padded size that the network takes.
  package static func padded(_ size: (height: Int, width: Int)) -> (height: Int, width: Int) {
    ((size.height + 31) / 32 * 32, (size.width + 31) / 32 * 32)
  }
}
