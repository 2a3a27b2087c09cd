import Basics

/// Polygons to runs by pycocotools' `rleFrPoly`: where the outline, on a grid of fifths of a pixel, crosses the middle
/// of a column, a run begins or ends.
extension RunLengths {
  private static let fifths = 5.0

  /// The union of the parts of one object, each x1, y1, x2, y2, … in pixels.
  ///
  /// - Throws: bad data where there is no part, or one has fewer than three corners, an odd number of coordinates, or
  ///   coordinates beyond a million.
  package init(height: Int, width: Int, polygons: [[Double]]) throws {
    guard !polygons.isEmpty else { throw Failure(.badData, "a segmentation has no polygon") }
    self = try .union(polygons.map { try RunLengths(height: height, width: width, polygon: $0) })
  }

  /// One polygon, x1, y1, x2, y2, … in pixels.
  ///
  /// - Throws: as for several.
  package init(height: Int, width: Int, polygon: [Double]) throws {
    try Self.check(height: height, width: width)
    guard polygon.count >= 6 && polygon.count % 2 == 0 else {
      throw Failure(
        .badData, "a polygon has \(polygon.count) coordinates",
        remedy: "give x and y of three corners or more")
    }
    if let place = polygon.firstIndex(where: { !($0.magnitude <= 1e6) }) {
      throw Failure(.badData, "coordinate \(place + 1) of a polygon is \(polygon[place])")
    }
    var corners = (0..<polygon.count / 2).map { index in
      GridPoint(
        u: Int(Self.fifths * polygon[2 * index] + 0.5), v: Int(Self.fifths * polygon[2 * index + 1] + 0.5))
    }
    corners.append(corners[0])
    let crossings = Self.crossings(of: corners, height: height, width: width)
    self.init(height: height, width: width, shortest: Self.runs(between: crossings, end: height * width))
  }

  private struct GridPoint {
    var u: Int
    var v: Int
  }

  /// Where the closed outline crosses the middle of a column, as pixels counted column after column, sorted.
  private static func crossings(of corners: [GridPoint], height: Int, width: Int) -> [Int] {
    var result: [Int] = []
    var previous: GridPoint?
    for (start, end) in zip(corners, corners.dropFirst()) {
      forEachPoint(from: start, to: end) { point in
        defer { previous = point }
        guard let last = previous, point.u != last.u else { return }
        let column = (Double(min(point.u, last.u)) + 0.5) / fifths - 0.5
        guard column.rounded(.down) == column, column >= 0, column <= Double(width - 1) else { return }
        let row = (Double(min(point.v, last.v)) + 0.5) / fifths - 0.5
        result.append(Int(column) * height + Int(min(max(row, 0), Double(height)).rounded(.up)))
      }
    }
    return result.sorted()
  }

  /// The points of an edge with both ends. The line is computed from the end with the smaller coordinate along the
  /// longer side, whatever its direction, as pycocotools does.
  private static func forEachPoint(from start: GridPoint, to end: GridPoint, _ body: (GridPoint) -> Void) {
    let isWide = abs(end.u - start.u) >= abs(end.v - start.v)
    let isBackward = isWide ? start.u > end.u : start.v > end.v
    let (low, high) = isBackward ? (end, start) : (start, end)
    let steps = isWide ? high.u - low.u : high.v - low.v
    // A point: pycocotools divides zero by zero here, and uses no more than its u.
    let slope = steps == 0 ? 0 : Double(isWide ? high.v - low.v : high.u - low.u) / Double(steps)
    for step in 0...steps {
      let t = isBackward ? steps - step : step
      let minor = Int(Double(isWide ? low.v : low.u) + slope * Double(t) + 0.5)
      body(isWide ? GridPoint(u: low.u + t, v: minor) : GridPoint(u: minor, v: low.v + t))
    }
  }

  /// Runs that change at each crossing: two at one place cancel.
  private static func runs(between crossings: [Int], end: Int) -> [UInt32] {
    var builder = RunBuilder()
    var position = 0
    var isOne = false
    for crossing in crossings {
      builder.append(isOne, count: UInt32(crossing - position))
      position = crossing
      isOne.toggle()
    }
    builder.append(isOne, count: UInt32(end - position))
    return builder.finished()
  }
}
