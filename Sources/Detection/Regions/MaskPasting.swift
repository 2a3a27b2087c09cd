import Basics

/// Puts the mask head's small map of probabilities over its box in the image (torchvision's `paste_masks_in_image`): a
/// border of one zero, whole pixels, bilinear with half-pixel centres.
package struct MaskPasting {
  private let map: [Float]
  private let side: Int
  /// The enlarged box in whole pixels, which may reach beyond the image.
  private let left: Int
  private let top: Int
  private let height: Int
  private let width: Int

  /// - Parameter map: [size, size], row after row.
  /// - Throws: bad data where the box is not within a million pixels of the image.
  package init(_ map: UnsafeBufferPointer<Float>, size: Int, box: Box) throws {
    precondition(map.count == size * size)
    guard [box.x1, box.y1, box.x2, box.y2].allSatisfy({ abs($0) <= 1e6 }) else {
      throw Failure(.badData, "a detection has the box \(box.x1), \(box.y1), \(box.x2), \(box.y2)")
    }
    side = size + 2
    var padded = [Float](repeating: 0, count: side * side)
    for y in 0..<size { for x in 0..<size { padded[(y + 1) * side + x + 1] = map[y * size + x] } }
    self.map = padded
    let scale = Float(Double(size + 2) / Double(size))
    let (w, h) = ((box.x2 - box.x1) * 0.5 * scale, (box.y2 - box.y1) * 0.5 * scale)
    let (x, y) = ((box.x2 + box.x1) * 0.5, (box.y2 + box.y1) * 0.5)
    (left, top) = (Int(x - w), Int(y - h))
    width = max(Int(x + w) - left + 1, 1)
    height = max(Int(y + h) - top + 1, 1)
  }

  private struct Sample {
    let low: Int
    let high: Int
    let weight: Float
  }

  private func samples(_ count: Int) -> [Sample] {
    let ratio = Float(side) / Float(count)
    return (0..<count).map { index in
      let place = max(ratio * (Float(index) + 0.5) - 0.5, 0)
      let low = min(Int(place), side - 1)
      return Sample(low: low, high: min(low + 1, side - 1), weight: min(place - Float(low), 1))
    }
  }

  @inline(__always)
  private func value(_ y: Sample, _ x: Sample) -> Float {
    let upper = (1 - x.weight) * map[y.low * side + x.low] + x.weight * map[y.low * side + x.high]
    let lower = (1 - x.weight) * map[y.high * side + x.low] + x.weight * map[y.high * side + x.high]
    return (1 - y.weight) * upper + y.weight * lower
  }

  /// Probabilities, [imageHeight, imageWidth], 0 outside of the box.
  package func probabilities(imageHeight: Int, imageWidth: Int) -> [Float] {
    var result = [Float](repeating: 0, count: imageHeight * imageWidth)
    let (rows, columns) = (samples(height), samples(width))
    for y in max(top, 0)..<max(min(top + height, imageHeight), max(top, 0)) {
      for x in max(left, 0)..<max(min(left + width, imageWidth), max(left, 0)) {
        result[y * imageWidth + x] = value(rows[y - top], columns[x - left])
      }
    }
    return result
  }

  /// The mask of the pixels with at least this probability, without a picture of the whole image.
  ///
  /// - Throws: bad data where the image has no size.
  package func runs(imageHeight: Int, imageWidth: Int, threshold: Float = 0.5) throws -> RunLengths {
    try RunLengths.check(height: imageHeight, width: imageWidth)
    let (rows, columns) = (samples(height), samples(width))
    let shownColumns = max(left, 0)..<max(min(left + width, imageWidth), max(left, 0))
    let shownRows = max(top, 0)..<max(min(top + height, imageHeight), max(top, 0))
    guard !shownColumns.isEmpty, !shownRows.isEmpty else { return try .empty(height: imageHeight, width: imageWidth) }
    var builder = RunBuilder()
    builder.append(false, count: UInt32(shownColumns.lowerBound * imageHeight))
    for x in shownColumns {
      builder.append(false, count: UInt32(shownRows.lowerBound))
      for y in shownRows { builder.append(value(rows[y - top], columns[x - left]) >= threshold) }
      builder.append(false, count: UInt32(imageHeight - shownRows.upperBound))
    }
    builder.append(false, count: UInt32((imageWidth - shownColumns.upperBound) * imageHeight))
    return RunLengths(height: imageHeight, width: imageWidth, shortest: builder.finished())
  }
}
