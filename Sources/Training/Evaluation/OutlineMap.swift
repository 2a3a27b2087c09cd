/// The boundaries of an image's classes: of each pixel its class if it lies on the class's boundary.
struct OutlineMap {
  /// No class: none is ever numbered so.
  static let nothing = UInt16.max

  private let height: Int
  private let width: Int
  /// height x width
  private let classes: [UInt16]
  /// Where there is a boundary, row after row.
  private let places: [Int]

  /// - Parameter label: the class of a pixel (row * width + column), or `nothing`.
  init(height: Int, width: Int, label: (Int) -> UInt16) {
    self.height = height
    self.width = width
    let labels = [UInt16](unsafeUninitializedCapacity: height * width) { values, filled in
      for place in 0..<height * width { values[place] = label(place) }
      filled = height * width
    }
    var classes = [UInt16](repeating: Self.nothing, count: labels.count)
    var places: [Int] = []
    labels.withUnsafeBufferPointer { labels in
      for y in 0..<height {
        for x in 0..<width {
          let place = y * width + x
          let own = labels[place]
          guard own != Self.nothing else { continue }
          let isEdge =
            y > 0 && labels[place - width] != own || y + 1 < height && labels[place + width] != own
            || x > 0 && labels[place - 1] != own || x + 1 < width && labels[place + 1] != own
          guard isEdge else { continue }
          classes[place] = own
          places.append(place)
        }
      }
    }
    self.classes = classes
    self.places = places
  }

  /// Of each class, how many pixels of its boundary have one of the other map's boundary of that class within reach,
  /// and how many pixels it has.
  func matches(in other: OutlineMap, within reach: OutlineReach, classCount: Int) -> (found: [Int], all: [Int]) {
    var found = [Int](repeating: 0, count: classCount)
    var all = [Int](repeating: 0, count: classCount)
    other.classes.withUnsafeBufferPointer { others in
      for place in places {
        let (y, x, label) = (place / width, place % width, classes[place])
        all[Int(label)] += 1
        for (rows, columns) in reach.offsets {
          let (row, column) = (y + rows, x + columns)
          guard row >= 0, row < height, column >= 0, column < width else { continue }
          guard others[row * width + column] == label else { continue }
          found[Int(label)] += 1
          break
        }
      }
    }
    return (found, all)
  }
}

/// The pixels around a pixel that are nearer than the tolerance, nearest first.
struct OutlineReach {
  /// Tolerance as a share of the diagonal: 3 / 400, 0.75 %.
  private static let share = (3, 400)

  let offsets: [(rows: Int, columns: Int)]

  /// - Parameters: of the image, in pixels.
  init(height: Int, width: Int) {
    // distance < share * diagonal, in integers.
    let limit = Self.share.0 * Self.share.0 * (height * height + width * width)
    let scale = Self.share.1 * Self.share.1
    var radius = 0
    while scale * (radius + 1) * (radius + 1) < limit { radius += 1 }
    var found: [(square: Int, rows: Int, columns: Int)] = []
    for rows in -radius...radius {
      for columns in -radius...radius {
        let square = rows * rows + columns * columns
        if scale * square < limit { found.append((square, rows, columns)) }
      }
    }
    found.sort { $0.square < $1.square }
    offsets = found.map { ($0.rows, $0.columns) }
  }
}
