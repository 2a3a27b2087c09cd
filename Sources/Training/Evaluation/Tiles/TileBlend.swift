/// The weighted scores of a row of tiles, as wide as the image: all that has to be in memory of an image's scores.
package struct TileBlend {
  private let width: Int
  private let classCount: Int
  private let columnTotals: [Float]
  private var rowTotals: [Float]
  /// [height of a tile, width, classes]
  private var sums: [Float]

  /// - Parameters:
  ///   - height: of a tile.
  ///   - width: of the image.
  ///   - columns: the tiles along a row.
  package init(height: Int, width: Int, classCount: Int, columns: [(range: Range<Int>, weights: [Float])]) {
    self.width = width
    self.classCount = classCount
    var totals = [Float](repeating: 0, count: width)
    for (range, weights) in columns { for (place, column) in range.enumerated() { totals[column] += weights[place] } }
    columnTotals = totals
    rowTotals = [Float](repeating: 0, count: height)
    sums = [Float](repeating: 0, count: height * width * classCount)
  }

  /// A row of tiles begins: of weights `weights`.
  package mutating func begin(rowWeights weights: [Float]) {
    for (row, weight) in weights.enumerated() { rowTotals[row] += weight }
  }

  /// - Parameter scores: [height, width, classes] of a tile.
  package mutating func add(
    _ scores: UnsafePointer<Float>, columns: Range<Int>, rowWeights: [Float], columnWeights: [Float]
  ) {
    sums.withUnsafeMutableBufferPointer { sums in
      for row in rowWeights.indices {
        for column in 0..<columns.count {
          let weight = rowWeights[row] * columnWeights[column]
          let place = (row * width + columns.lowerBound + column) * classCount
          let source = (row * columns.count + column) * classCount
          for label in 0..<classCount { sums[place + label] += weight * scores[source + label] }
        }
      }
    }
  }

  /// Gives out the first `count` rows, in which all tiles are, and moves the others up.
  ///
  /// - Parameter row: called with the row's number and its scores, [width, classes].
  package mutating func take(_ count: Int, row: (Int, UnsafeBufferPointer<Float>) -> Void) {
    let length = width * classCount
    var scores = [Float](repeating: 0, count: length)
    for number in 0..<count {
      for column in 0..<width {
        let total = rowTotals[number] * columnTotals[column]
        for label in 0..<classCount {
          let place = column * classCount + label
          scores[place] = sums[number * length + place] / total
        }
      }
      scores.withUnsafeBufferPointer { row(number, $0) }
    }
    rowTotals.removeFirst(count)
    rowTotals += [Float](repeating: 0, count: count)
    let kept = sums.count - count * length
    sums.withUnsafeMutableBufferPointer { sums in
      guard let base = sums.baseAddress else { return }
      base.update(from: base + count * length, count: kept)
      (base + kept).update(repeating: 0, count: count * length)
    }
  }
}
