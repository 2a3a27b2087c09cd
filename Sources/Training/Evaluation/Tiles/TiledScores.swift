import Model

/// A network's scores of an image that it sees in overlapping tiles, one tile after the other, row after row. In memory are
/// the activations of one tile and the scores of one row of tiles.
package struct TiledScores {
  private let network: Network
  package let tiling: Tiling

  package init(network: Network, tiling: Tiling) {
    self.network = network
    self.tiling = tiling
  }

  /// Whether such an image is cut at all.
  package func cuts(height: Int, width: Int) -> Bool { max(height, width) > tiling.side }

  /// - Parameters:
  ///   - height, width: of the image.
  ///   - memory: parameters, prepared.
  ///   - pixels: of the window of these rows and columns: [rows, columns, channels], normalised.
  ///   - row: called for each row of the image in turn, with its number and its scores, [width, classes].
  /// - Throws: `Failure` where a tile is too small for the network.
  package func forEachRow(
    height: Int, width: Int, _ memory: ParameterMemory,
    pixels: (_ rows: Range<Int>, _ columns: Range<Int>) -> [Float],
    row: (Int, UnsafeBufferPointer<Float>) -> Void
  ) throws {
    let (rows, columns) = (tiling.weighted(height), tiling.weighted(width))
    var blend = TileBlend(
      height: rows[0].range.count, width: width, classCount: network.configuration.classes, columns: columns)
    for (number, tiles) in rows.enumerated() {
      blend.begin(rowWeights: tiles.weights)
      for column in columns {
        let plan = try network.plan(
          images: 1, height: tiles.range.count, width: column.range.count, training: false)
        blend.add(
          plan.forward(pixels(tiles.range, column.range), memory, dropoutKeys: nil), columns: column.range,
          rowWeights: tiles.weights, columnWeights: column.weights)
      }
      let end = number + 1 < rows.count ? rows[number + 1].range.lowerBound : height
      blend.take(end - tiles.range.lowerBound) { place, scores in row(tiles.range.lowerBound + place, scores) }
    }
  }
}
