/// A partition of an image: every pixel belongs to one of `count` segments.
package struct Segments: Equatable, Sendable {
  package let width: Int
  package let height: Int
  package let count: Int
  /// [height, width], each in 0 ..< count; every number occurs.
  package let labels: [Int32]

  init(width: Int, height: Int, count: Int, labels: [Int32]) {
    self.width = width
    self.height = height
    self.count = count
    self.labels = labels
  }

  /// The 4-connected parts of equal labels, numbered by their first pixels.
  package init(partsOf labels: [Int32], width: Int, height: Int) {
    precondition(labels.count == width * height && width > 0)
    var sets = DisjointSets(count: labels.count)
    labels.withUnsafeBufferPointer { labels in
      for y in 0..<height {
        let start = y * width
        for i in start..<start + width {
          if i > start, labels[i] == labels[i - 1] { sets.join(i - 1, i) }
          if y > 0, labels[i] == labels[i - width] { sets.join(i - width, i) }
        }
      }
    }
    let (numbers, count) = sets.numbered()
    self.init(width: width, height: height, count: count, labels: numbers)
  }

  /// Segments that `sets`, over the segments' numbers, has joined become one.
  func joined(_ sets: inout DisjointSets) -> Segments {
    let (numbers, count) = sets.numbered()
    return Segments(width: width, height: height, count: count, labels: labels.map { numbers[Int($0)] })
  }

  /// Pixels of each.
  package var sizes: [Int] {
    var sizes = [Int](repeating: 0, count: count)
    for label in labels { sizes[Int(label)] += 1 }
    return sizes
  }

  /// The label that most pixels of each segment have.
  ///
  /// - Parameters:
  ///   - truth: [height, width]
  ///   - classCount: labels from it on are not counted, and neither is `ignored`.
  /// - Returns: of each segment the label (the smallest of several), nil where none was counted, and its pixels.
  package func majorities(
    of truth: [UInt16], classCount: Int, ignored: UInt16
  ) -> [(label: UInt16, pixels: Int)?] {
    var counts = [Int32](repeating: 0, count: count * classCount)
    for (segment, label) in zip(labels, truth) where label != ignored && Int(label) < classCount {
      counts[Int(segment) * classCount + Int(label)] += 1
    }
    return (0..<count).map { segment in
      let own = counts[segment * classCount..<(segment + 1) * classCount]
      guard let most = own.max(), most > 0, let place = own.firstIndex(of: most) else { return nil }
      return (UInt16(place - own.startIndex), Int(most))
    }
  }
}
