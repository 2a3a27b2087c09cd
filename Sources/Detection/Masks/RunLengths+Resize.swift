extension RunLengths {
  /// The mask at another size, each pixel that of the nearest one before it, as torchvision's masks are resized:
  /// `min(floor(place * old / new), old - 1)` with the ratio in float32.
  ///
  /// - Parameter isFlipped: whether the resized mask is mirrored.
  /// - Precondition: both sides are at least 1, and the product less than 2^31.
  package func resized(height newHeight: Int, width newWidth: Int, isFlipped: Bool = false) -> RunLengths {
    if newHeight == height, newWidth == width, !isFlipped { return self }
    let columns = ColumnRuns(self)
    // The first new row that shows a given old row or a later one.
    let rows = Self.places(newHeight, of: height)
    var first = [Int](repeating: newHeight, count: height + 1)
    for (new, old) in rows.enumerated().reversed() { first[old] = new }
    for old in stride(from: height - 1, through: 0, by: -1) { first[old] = min(first[old], first[old + 1]) }
    var builder = RunBuilder()
    let shown = Self.places(newWidth, of: width)
    for old in isFlipped ? shown.reversed() : shown {
      var done = 0
      columns.forEachRun(in: old) { start, end in
        let (top, bottom) = (first[start], first[end])
        guard bottom > top else { return }
        builder.append(false, count: UInt32(top - done))
        builder.append(true, count: UInt32(bottom - top))
        done = bottom
      }
      builder.append(false, count: UInt32(newHeight - done))
    }
    return RunLengths(height: newHeight, width: newWidth, shortest: builder.finished())
  }

  /// For each of `count` places, the one of `source` places that it shows.
  private static func places(_ count: Int, of source: Int) -> [Int] {
    let ratio = Float(source) / Float(count)
    return (0..<count).map { min(source - 1, Int(Float($0) * ratio)) }
  }
}

/// The runs of ones of each column of a mask.
private struct ColumnRuns {
  private var bounds: [(start: Int32, end: Int32)] = []
  /// Of each column among the bounds, one more than there are columns.
  private var offsets: [Int32]

  init(_ mask: RunLengths) {
    let (height, width) = (mask.height, mask.width)
    var offsets = [Int32](repeating: 0, count: width + 1)
    var bounds: [(start: Int32, end: Int32)] = []
    mask.forEachRun { start, end in
      var start = start
      while start < end {
        let column = start / height
        let stop = min(end, (column + 1) * height)
        bounds.append((Int32(start - column * height), Int32(stop - column * height)))
        offsets[column + 1] += 1
        start = stop
      }
    }
    for column in 0..<width { offsets[column + 1] += offsets[column] }
    self.bounds = bounds
    self.offsets = offsets
  }

  /// Half-open ranges of rows, from the top.
  func forEachRun(in column: Int, _ body: (_ start: Int, _ end: Int) -> Void) {
    for place in Int(offsets[column])..<Int(offsets[column + 1]) {
      body(Int(bounds[place].start), Int(bounds[place].end))
    }
  }
}
