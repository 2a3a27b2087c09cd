import Basics

/// The regions of a batch of images, a fixed number an image: boxes in pixels and the level of the pyramid that each is
/// taken from. Places without a region give zeros and take no gradient.
package final class RegionTable {
  package let images: Int
  package let countPerImage: Int
  private let memory: MemoryRegion
  /// x1, y1, x2, y2 of every place.
  package let boxes: UnsafeMutablePointer<Float>
  /// The number of the level from the finest, 0 ..., of every place; -1 where there is no region.
  package let levels: UnsafeMutablePointer<Int32>

  /// - Throws: `Failure` where there is no memory.
  package init(images: Int, countPerImage: Int) throws {
    self.images = images
    self.countPerImage = countPerImage
    let count = images * countPerImage
    memory = try MemoryRegion(byteCount: 20 * count)
    boxes = memory.floats()
    levels = UnsafeMutableRawPointer(boxes + 4 * count).assumingMemoryBound(to: Int32.self)
    removeAll()
  }

  package var count: Int { images * countPerImage }

  /// No regions at all.
  package func removeAll() { levels.update(repeating: -1, count: count) }

  /// Puts a region into a place of an image.
  ///
  /// - Parameters:
  ///   - box: x1, y1, x2, y2 in pixels of the image.
  ///   - level: of the pyramid, 0 for the finest.
  package func set(_ place: Int, ofImage image: Int, box: (Float, Float, Float, Float), level: Int) {
    precondition(place >= 0 && place < countPerImage && image >= 0 && image < images)
    let index = image * countPerImage + place
    (boxes[4 * index], boxes[4 * index + 1]) = (box.0, box.1)
    (boxes[4 * index + 2], boxes[4 * index + 3]) = (box.2, box.3)
    levels[index] = Int32(level)
  }
}
