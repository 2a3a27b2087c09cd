/// How a large image is cut into overlapping tiles, and how much the scores of each count.
///
/// Along each axis a tile's weight rises over `overlap` pixels, from 1 / (overlap + 1) to 1, where another tile lies
/// before it, and falls in the same way where another follows; at the image's edges it stays 1. A pixel's scores are the
/// sum of weight x score over the tiles that cover it, tile row after tile row, divided by the sum of the weights.
package struct Tiling: Equatable, Sendable {
  /// Pixels of a side.
  package let side: Int
  /// Pixels that neighbours share; fewer than `side`.
  package let overlap: Int

  package init(side: Int, overlap: Int) {
    self.side = side
    self.overlap = overlap
  }

  /// Tiles along an axis of `size` pixels. The last ends with the image, and so may share more with its neighbour.
  package func tiles(_ size: Int) -> [Range<Int>] {
    guard size > side else { return [0..<size] }
    let starts = Array(stride(from: 0, to: size - side, by: side - overlap)) + [size - side]
    return starts.map { $0..<$0 + side }
  }

  /// The weight of each pixel of a tile of `length` pixels.
  package func weights(_ length: Int, hasTileBefore: Bool, hasTileAfter: Bool) -> [Float] {
    let ramp = Float(overlap + 1)
    return (0..<length).map { place in
      let rise = hasTileBefore ? min(1, Float(place + 1) / ramp) : 1
      let fall = hasTileAfter ? min(1, Float(length - place) / ramp) : 1
      return min(rise, fall)
    }
  }

  /// The tiles along an axis with their weights.
  package func weighted(_ size: Int) -> [(range: Range<Int>, weights: [Float])] {
    let tiles = tiles(size)
    return tiles.enumerated().map {
      ($1, weights($1.count, hasTileBefore: $0 > 0, hasTileAfter: $0 < tiles.count - 1))
    }
  }
}
