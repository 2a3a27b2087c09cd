import Detection

/// The anchors of all levels for images of one padded size.
package struct PyramidAnchors {
  package let grids: [AnchorGrid]
  /// Level after level, by row, column and ratio.
  package let boxes: [Box]
  /// Where each level begins among them.
  package let starts: [Int]

  /// - Parameters:
  ///   - height, width: of the padded image, in pixels.
  ///   - maps: rows and columns of each level.
  package init(_ settings: DetectionSettings, height: Int, width: Int, maps: [(rows: Int, columns: Int)]) {
    grids = zip(settings.anchorSizes, maps).map { size, map in
      AnchorGrid(
        size: size, ratios: settings.aspectRatios, rows: map.rows, columns: map.columns, canvasHeight: height,
        canvasWidth: width)
    }
    boxes = grids.flatMap(\.anchors)
    var starts: [Int] = []
    var next = 0
    for grid in grids {
      starts.append(next)
      next += grid.count
    }
    self.starts = starts
  }
}
