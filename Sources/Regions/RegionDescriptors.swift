/// What regions look like, as vectors whose Euclidean distances mean something: roots of histograms (their distance is
/// Hellinger's) of colour and texture, then the position.
package enum RegionDescriptors {
  /// Lightness, a and b, 8 bins each.
  package static let colourCount = 24
  /// Direction of the gradient (8 bins), its length (6), rotation invariant uniform local binary patterns (10; Ojala,
  /// Pietikäinen, Mäenpää, PAMI 2002).
  package static let textureCount = 24
  /// Mean row and column, height and width, root of the area, as shares of the image.
  package static let positionCount = 5
  package static let count = colourCount + textureCount + positionCount

  /// A row for each segment: [segments, count].
  package static func rows(of segments: Segments, in image: LabImage) -> [Float] {
    var rows = [Float](repeating: 0, count: segments.count * count)
    let gradients = Gradients(image)
    var boxes = [Box](repeating: Box(), count: segments.count)
    for y in 0..<image.height {
      for x in 0..<image.width {
        let place = y * image.width + x
        let segment = Int(segments.labels[place])
        let start = segment * count
        add(image.lightness[place] / 12.5, to: &rows, at: start)
        add((image.a[place] + 40) / 10, to: &rows, at: start + 8)
        add((image.b[place] + 40) / 10, to: &rows, at: start + 16)
        let texture = start + colourCount
        let length = gradients.magnitudes[place]
        rows[texture + direction(gradients.across[place], gradients.down[place])] += length
        rows[texture + 8 + lengthBin(length)] += 1
        rows[texture + 14 + pattern(image, x, y)] += 1
        boxes[segment].add(x, y)
      }
    }
    for (segment, box) in boxes.enumerated() { finish(&rows, segment * count, box, image) }
    return rows
  }

  private struct Box {
    var count = 0
    var (sumX, sumY) = (0, 0)
    var (left, right, top, bottom) = (Int.max, 0, Int.max, 0)

    mutating func add(_ x: Int, _ y: Int) {
      count += 1
      (sumX, sumY) = (sumX + x, sumY + y)
      (left, right, top, bottom) = (min(left, x), max(right, x), min(top, y), max(bottom, y))
    }
  }

  /// Shares the value, in bins from the middle of one to the middle of the next, between two of eight.
  private static func add(_ value: Float, to rows: inout [Float], at start: Int) {
    let value = max(0, min(7, value - 0.5))
    let bin = min(6, Int(value))
    let share = value - Float(bin)
    rows[start + bin] += 1 - share
    rows[start + bin + 1] += share
  }

  /// Which eighth of the half circle (dx, dy) or its opposite points into. By comparisons: no processor's arc tangent.
  private static func direction(_ dx: Float, _ dy: Float) -> Int {
    let (x, y) = dy < 0 ? (-dx, -dy) : (dx, dy)
    let (steep, flat): (Float, Float) = (2.414_213_6, 0.414_213_57)
    let quarter = abs(x)
    let eighth = y < flat * quarter ? 0 : y < quarter ? 1 : y < steep * quarter ? 2 : 3
    return x < 0 ? 7 - eighth : eighth
  }

  private static func lengthBin(_ length: Float) -> Int {
    length < 1 ? 0 : length < 2 ? 1 : length < 4 ? 2 : length < 8 ? 3 : length < 16 ? 4 : 5
  }

  private static let circle = [(1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1)]
  /// Of each pattern of eight neighbours: how many are set, or 9 where they change more than twice around.
  private static let patterns: [Int] = (0..<256).map { bits in
    let turned = (bits >> 1) | (bits & 1) << 7
    return (bits ^ turned).nonzeroBitCount <= 2 ? bits.nonzeroBitCount : 9
  }

  private static func pattern(_ image: LabImage, _ x: Int, _ y: Int) -> Int {
    let centre = image.lightness[y * image.width + x]
    var bits = 0
    for (place, (dx, dy)) in circle.enumerated() {
      let column = max(0, min(image.width - 1, x + dx))
      let row = max(0, min(image.height - 1, y + dy))
      // A hair above, so that flat areas are no noise.
      if image.lightness[row * image.width + column] > centre + 0.5 { bits |= 1 << place }
    }
    return patterns[bits]
  }

  private static func finish(_ rows: inout [Float], _ start: Int, _ box: Box, _ image: LabImage) {
    let parts = [0..<8, 8..<16, 16..<24, 24..<32, 32..<38, 38..<48]
    for part in parts {
      let sum = part.reduce(Float(0)) { $0 + rows[start + $1] }
      for bin in part { rows[start + bin] = sum > 0 ? (rows[start + bin] / sum).squareRoot() : 0 }
    }
    let position = start + colourCount + textureCount
    let (width, height, pixels) = (Float(image.width), Float(image.height), Float(box.count))
    rows[position] = (Float(box.sumY) / pixels + 0.5) / height
    rows[position + 1] = (Float(box.sumX) / pixels + 0.5) / width
    rows[position + 2] = Float(box.bottom - box.top + 1) / height
    rows[position + 3] = Float(box.right - box.left + 1) / width
    rows[position + 4] = (pixels / (width * height)).squareRoot()
  }
}
