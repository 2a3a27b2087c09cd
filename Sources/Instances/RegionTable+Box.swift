import Detection
import Kernels

extension RegionTable {
  /// Puts a box into a place of an image; the level follows from its size.
  func set(_ place: Int, ofImage image: Int, _ box: Box) {
    set(
      place, ofImage: image, box: (box.x1, box.y1, box.x2, box.y2), level: PyramidLevel.level(of: box) - 2)
  }
}
