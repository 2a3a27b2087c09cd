import Basics

/// The anchors of one level: boxes of one size and several aspect ratios around the upper left corner of each cell, as
/// torchvision's `AnchorGenerator` places and rounds them.
package struct AnchorGrid: Equatable, Sendable {
  package let rows: Int
  package let columns: Int
  /// Around (0, 0), in the order of the ratios.
  package let cell: [Box]
  /// Pixels between cells: the padded image's size divided by the grid's, rounded down.
  package let rowStride: Int
  package let columnStride: Int

  /// - Parameters:
  ///   - size: the side of a square of the anchors' area, in pixels.
  ///   - ratios: height over width.
  ///   - canvasHeight, canvasWidth: of the padded image, in pixels.
  /// - Precondition: the grid has cells, and no more of them than the canvas has pixels.
  package init(size: Float, ratios: [Float], rows: Int, columns: Int, canvasHeight: Int, canvasWidth: Int) {
    precondition(rows > 0 && columns > 0 && rows <= canvasHeight && columns <= canvasWidth)
    self.rows = rows
    self.columns = columns
    rowStride = canvasHeight / rows
    columnStride = canvasWidth / columns
    cell = ratios.map { ratio in
      let heightRatio = ratio.squareRoot()
      let x = (1 / heightRatio * size / 2).rounded(.toNearestOrEven)
      let y = (heightRatio * size / 2).rounded(.toNearestOrEven)
      return Box(-x, -y, x, y)
    }
  }

  package var count: Int { rows * columns * cell.count }

  /// The anchor at a place in the order row, column, ratio.
  @inline(__always)
  package subscript(index: Int) -> Box {
    let (place, ratio) = index.quotientAndRemainder(dividingBy: cell.count)
    let (row, column) = place.quotientAndRemainder(dividingBy: columns)
    let (x, y) = (Float(column * columnStride), Float(row * rowStride))
    let box = cell[ratio]
    return Box(x + box.x1, y + box.y1, x + box.x2, y + box.y2)
  }

  /// All anchors, by row, column, ratio.
  package var anchors: [Box] { (0..<count).map { self[$0] } }
}
