import Basics

/// A point of an outline, in pixels: (0, 0) is the upper left corner of the upper left pixel.
struct ShapePoint: Equatable, Sendable {
  let x: Double
  let y: Double
}

/// An area that somebody marked, and its class.
struct Shape: Sendable {
  enum Area: Sendable {
    /// Rings, by the even-odd rule together.
    case rings([[ShapePoint]])
    /// Lengths of runs down the columns, outside and inside in turn, as COCO has them.
    case runs([Int])
    case ellipse(centre: ShapePoint, radius: Double)
  }

  let label: UInt16
  let area: Area
}

/// Marked areas of an image, to be painted over one another: a label that is not a picture.
///
/// A pixel belongs to an area if its centre does, by the even-odd rule; a centre on a left or upper edge is inside, on a
/// right or lower one outside, so that neighbours share no pixel. Later areas hide earlier ones.
struct ShapeMap: Sendable {
  /// The file, for messages.
  let name: String
  /// As the annotations have it; nil: they do not say.
  let size: (height: Int, width: Int)?
  let background: UInt16
  let shapes: [Shape]

  /// Height x width labels.
  ///
  /// - Throws: `Failure(.badData)` if the annotations are for an image of another size.
  func labels(height: Int, width: Int) throws -> [UInt16] {
    if let size, size != (height, width) {
      throw Failure(
        .badData, "\(name) is for an image of \(size.width) x \(size.height), and it has \(width) x \(height)",
        remedy: "was the picture scaled or turned after it was annotated?")
    }
    var labels = [UInt16](repeating: background, count: height * width)
    for shape in shapes {
      switch shape.area {
      case .rings(let rings): Self.paint(rings, shape.label, &labels, height, width)
      case .runs(let runs): try paint(runs, shape.label, &labels, height, width)
      case .ellipse(let centre, let radius): Self.paint(centre, radius, shape.label, &labels, height, width)
      }
    }
    return labels
  }

  private static func paint(
    _ rings: [[ShapePoint]], _ label: UInt16, _ labels: inout [UInt16], _ height: Int, _ width: Int
  ) {
    // Crossings of each row's centre line, from all edges.
    var crossings = [[Double]](repeating: [], count: height)
    for ring in rings where ring.count >= 3 {
      for (index, end) in ring.enumerated() {
        let start = ring[index == 0 ? ring.count - 1 : index - 1]
        guard start.y != end.y else { continue }
        let (upper, lower) = start.y < end.y ? (start, end) : (end, start)
        let first = pixel(upper.y, height)
        let last = pixel(lower.y, height)
        for row in first..<max(first, last) {
          let share = (Double(row) + 0.5 - upper.y) / (lower.y - upper.y)
          crossings[row].append(upper.x + share * (lower.x - upper.x))
        }
      }
    }
    for row in 0..<height where crossings[row].count >= 2 {
      let places = crossings[row].sorted()
      for pair in stride(from: 0, to: places.count - 1, by: 2) {
        let first = pixel(places[pair], width)
        fill(first..<max(first, pixel(places[pair + 1], width)), row, label, &labels, width)
      }
    }
  }

  /// The first pixel whose centre is not before `place`, within 0 ... count; 0 for a place that is no number, as
  /// outlines beyond all bounds give it.
  private static func pixel(_ place: Double, _ count: Int) -> Int {
    let pixel = (place - 0.5).rounded(.up)
    return pixel >= Double(count) ? count : pixel > 0 ? Int(pixel) : 0
  }

  private static func fill(
    _ columns: Range<Int>, _ row: Int, _ label: UInt16, _ labels: inout [UInt16], _ width: Int
  ) {
    for column in columns { labels[row * width + column] = label }
  }

  private func paint(
    _ runs: [Int], _ label: UInt16, _ labels: inout [UInt16], _ height: Int, _ width: Int
  ) throws {
    var place = 0
    for (index, run) in runs.enumerated() {
      guard run >= 0, run <= height * width - place else { throw wrongRuns(height, width) }
      if index % 2 == 1 {
        for pixel in place..<place + run { labels[pixel % height * width + pixel / height] = label }
      }
      place += run
    }
    guard place == height * width else { throw wrongRuns(height, width) }
  }

  private func wrongRuns(_ height: Int, _ width: Int) -> Failure {
    Failure(.badData, "\(name): the runs of a mask do not add up to \(width) x \(height) pixels")
  }

  private static func paint(
    _ centre: ShapePoint, _ radius: Double, _ label: UInt16, _ labels: inout [UInt16], _ height: Int, _ width: Int
  ) {
    for row in 0..<height {
      let distance = Double(row) + 0.5 - centre.y
      let rest = radius * radius - distance * distance
      guard rest > 0 else { continue }
      let half = rest.squareRoot()
      let first = pixel(centre.x - half, width)
      fill(first..<max(first, pixel(centre.x + half, width)), row, label, &labels, width)
    }
  }
}
