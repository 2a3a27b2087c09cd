/// What the mask head is to give for a region: the instance's mask averaged over the region's cells (torchvision's
/// `project_masks_on_boxes`: RoIAlign with scale 1 and as many samples a cell as it has pixels, rounded up).
package enum MaskTarget {
  /// Writes `size * size` values in 0 ... 1, row after row.
  ///
  /// - Parameters:
  ///   - mask: [height, width], 0 or 1.
  ///   - result: `size * size` elements.
  /// - Precondition: the arrays have these sizes, whatever the box.
  package static func fill(
    _ result: UnsafeMutableBufferPointer<Float>, size: Int, mask: UnsafeBufferPointer<UInt8>, height: Int, width: Int,
    box: Box
  ) {
    precondition(result.count == size * size && mask.count == height * width)
    let rows = AxisSamples(from: box.y1, to: box.y1 + max(box.height, 1), cells: size, perCell: nil, length: height)
    let columns = AxisSamples(from: box.x1, to: box.x1 + max(box.width, 1), cells: size, perCell: nil, length: width)
    let count = Float(max(rows.perCell * columns.perCell, 1))
    for row in 0..<size {
      for column in 0..<size {
        var sum: Float = 0
        for y in rows.of(cell: row) where y.isInside {
          for x in columns.of(cell: column) where x.isInside {
            let upper = mask.mixed(row: y.low * width, x)
            let lower = mask.mixed(row: y.high * width, x)
            sum += (1 - y.weight) * upper + y.weight * lower
          }
        }
        result[row * size + column] = sum / count
      }
    }
  }
}

extension UnsafeBufferPointer<UInt8> {
  fileprivate func mixed(row: Int, _ x: AxisSamples.Sample) -> Float {
    (1 - x.weight) * Float(self[row + x.low]) + x.weight * Float(self[row + x.high])
  }
}
