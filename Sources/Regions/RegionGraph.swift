/// Segments and which of them touch (4 neighbours).
struct RegionGraph {
  struct Edge {
    /// How different both sides are.
    var weight: Float
    /// a < b
    var a: Int32
    var b: Int32

    /// By weight; equal ones by their segments, so that there is one order.
    static func precedes(_ x: Edge, _ y: Edge) -> Bool {
      x.weight != y.weight ? x.weight < y.weight : (x.a, x.b) < (y.a, y.b)
    }
  }

  let sizes: [Int]
  /// Mean L, a, b and roughness of each.
  let means: [SIMD4<Float>]
  /// In the order of their weights.
  let edges: [Edge]

  /// - Parameters:
  ///   - roughness: of each pixel, as a fourth colour; nil: none.
  ///   - smallest: only edges of a segment with fewer pixels are taken; nil: all.
  init(_ segments: Segments, of image: LabImage, roughness: [Float]? = nil, smallerThan smallest: Int? = nil) {
    var sums = [SIMD4<Double>](repeating: .zero, count: segments.count)
    for (place, label) in segments.labels.enumerated() {
      sums[Int(label)] += SIMD4(
        Double(image.lightness[place]), Double(image.a[place]), Double(image.b[place]),
        Double(roughness?[place] ?? 0))
    }
    let sizes = segments.sizes
    let means = zip(sums, sizes).map { SIMD4<Float>($0 / Double($1)) }
    self.sizes = sizes
    self.means = means
    let pairs = Self.pairs(segments, wanted: smallest.map { smallest in sizes.map { $0 < smallest } })
    edges = pairs.map { pair in
      let (a, b) = (Int32(pair >> 32), Int32(pair & 0xFFFF_FFFF))
      let difference = means[Int(a)] - means[Int(b)]
      return Edge(weight: (difference * difference).sum().squareRoot(), a: a, b: b)
    }.sorted(by: Edge.precedes)
  }

  /// Each pair of neighbours once: the smaller number in the upper half.
  private static func pairs(_ segments: Segments, wanted: [Bool]?) -> [UInt64] {
    var pairs: [UInt64] = []
    let width = segments.width
    segments.labels.withUnsafeBufferPointer { labels in
      for y in 0..<segments.height {
        var last: UInt64 = 0
        for i in y * width..<(y + 1) * width {
          for next in [i + 1, i + width] where next < labels.count && (next != i + 1 || next < (y + 1) * width) {
            let (a, b) = (labels[i], labels[next])
            guard a != b, wanted.map({ $0[Int(a)] || $0[Int(b)] }) ?? true else { continue }
            let pair = UInt64(min(a, b)) << 32 | UInt64(max(a, b))
            if pair != last { pairs.append(pair) }
            last = pair
          }
        }
      }
    }
    pairs.sort()
    var unique: [UInt64] = []
    for pair in pairs where pair != unique.last { unique.append(pair) }
    return unique
  }
}
