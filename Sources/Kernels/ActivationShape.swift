import Basics

/// The shape of an activation, stored channels-last without gaps: [images, height, width, channels].
package struct ActivationShape: Hashable, Sendable, CustomStringConvertible {
  package var images: Int
  package var height: Int
  package var width: Int
  package var channels: Int

  package init(images: Int, height: Int, width: Int, channels: Int) {
    self.images = images
    self.height = height
    self.width = width
    self.channels = channels
  }

  package var count: Int { images * height * width * channels }
  package var pixelCount: Int { images * height * width }
  /// Bytes of an activation of this shape.
  package func byteCount(_ type: ElementType) -> Int { count * type.byteCount }
  package var description: String { "[\(images), \(height), \(width), \(channels)]" }
}
