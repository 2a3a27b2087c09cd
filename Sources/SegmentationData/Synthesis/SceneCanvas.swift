/// A picture at twice its size, with a class for each of its points. Coordinates: y is 0 at the top and 1 at the bottom,
/// x has the same unit.
struct SceneCanvas {
  let height: Int
  let width: Int
  private var light: [Light]
  private var labels: [UInt8]
  /// Which thing each point belongs to.
  private var numbers: [UInt16]
  /// The thing that is painted now; 0: none.
  var number: UInt16 = 0
  private var rowCount: Int { 2 * height }
  private var columnCount: Int { 2 * width }
  private let unit: Float

  init(height: Int, width: Int) {
    self.height = height
    self.width = width
    light = Array(repeating: .zero, count: 4 * height * width)
    labels = Array(repeating: 0, count: 4 * height * width)
    numbers = Array(repeating: 0, count: 4 * height * width)
    unit = 1 / Float(2 * height)
  }

  /// Paints the points of a box for which `colour` has one, and makes them `label`; nil keeps the class that is there.
  @inline(__always)
  mutating func paint(
    x: ClosedRange<Float>, y: ClosedRange<Float>, _ label: SceneClass?, _ colour: (Float, Float) -> Light?
  ) {
    let rows = points(y, rowCount)
    let columns = points(x, columnCount)
    for row in rows {
      for column in columns {
        guard let value = colour((Float(column) + 0.5) * unit, (Float(row) + 0.5) * unit) else { continue }
        light[row * columnCount + column] = value
        guard let label else { continue }
        labels[row * columnCount + column] = label.rawValue
        numbers[row * columnCount + column] = number
      }
    }
  }

  /// As `paint`, changing what is there: shadows.
  mutating func shade(x: ClosedRange<Float>, y: ClosedRange<Float>, _ factor: (Float, Float) -> Float) {
    for row in points(y, rowCount) {
      for column in points(x, columnCount) {
        light[row * columnCount + column] *= factor((Float(column) + 0.5) * unit, (Float(row) + 0.5) * unit)
      }
    }
  }

  private func points(_ range: ClosedRange<Float>, _ count: Int) -> Range<Int> {
    let first = Int(clamped((range.lowerBound / unit).rounded(.down), 0, Float(count)))
    let last = Int(clamped((range.upperBound / unit).rounded(.up), 0, Float(count)))
    return first..<max(first, last)
  }

  /// Which thing each pixel shows, height x width: the one that has two of its four points or more, of two the later.
  func shownThings() -> [UInt16] {
    var result: [UInt16] = []
    result.reserveCapacity(height * width)
    for row in 0..<height {
      for column in 0..<width {
        let corner = 2 * row * columnCount + 2 * column
        let own = [corner, corner + 1, corner + columnCount, corner + columnCount + 1].map { numbers[$0] }.sorted()
        result.append(own[2] == own[3] ? own[3] : own[1] == own[2] ? own[2] : own[0] == own[1] ? own[0] : 0)
      }
    }
    return result
  }

  /// The picture in 8 bits with a camera's grain and darker corners, and its labels. A pixel whose four points are of
  /// different classes belongs to none.
  func developed(grain: SceneNoise) -> (pixels: [UInt8], labels: [UInt16]) {
    var pixels: [UInt8] = []
    var result: [UInt16] = []
    pixels.reserveCapacity(3 * height * width)
    result.reserveCapacity(height * width)
    for row in 0..<height {
      for column in 0..<width {
        let corner = 2 * row * columnCount + 2 * column
        let places = [corner, corner + 1, corner + columnCount, corner + columnCount + 1]
        var value = places.reduce(Light.zero) { $0 + light[$1] } / 4
        let x = Float(column) / Float(width) - 0.5
        let y = Float(row) / Float(height) - 0.5
        value *= 1.04 - 0.35 * (x * x + y * y)
        for channel in 0..<3 {
          let noise = grain.value(column, row, channel) + grain.value(column, row, channel + 3) - 1
          pixels.append(UInt8(clamped(value[channel] * 255 + 9 * noise, 0, 255)))
        }
        let label = labels[corner]
        result.append(places.allSatisfy { labels[$0] == label } ? UInt16(label) : UInt16(SceneClass.border))
      }
    }
    return (pixels, result)
  }
}
