import Basics

/// A chart of lines over training steps, as an SVG element.
struct LineChart {
  struct Series {
    var name: String
    /// The name of a colour of the page: "blue", "orange", "green".
    var colour: String
    var points: [(x: Double, y: Double)]
    /// The line in the background that `points` were smoothed from.
    var raw: [(x: Double, y: Double)] = []
    var isMarked = false
  }

  var title: String
  var series: [Series]
  /// The steps that the chart spans.
  var span: ClosedRange<Double>
  var startsAtZero = true

  private static let size = (width: 560.0, height: 260.0)
  private static let plot = (left: 58.0, right: 544.0, top: 40.0, bottom: 218.0)

  /// The chart as an element of a page, whose style it takes.
  var svg: String { element() }

  /// The chart as a picture of its own: an SVG file.
  var document: String {
    element(
      attributes: "xmlns=\"http://www.w3.org/2000/svg\" ",
      style:
        "<style>\(HTML.colours)\n\(HTML.chart)\n.chart { background: var(--card); font-family: sans-serif; }</style>\n"
    ) + "\n"
  }

  private func element(attributes: String = "", style: String = "") -> String {
    let values = series.flatMap { $0.points + $0.raw }.map(\.y)
    let vertical = AxisScale(covering: Self.withoutSpikes(values), count: 4, fromZero: startsAtZero)
    let horizontal = AxisScale(from: span.lowerBound, to: span.upperBound, count: 5)
    return """
      <svg \(attributes)class="chart" viewBox="0 0 \(Int(Self.size.width)) \(Int(Self.size.height))" role="img" \
      aria-label="\(HTML.escaped(title))">
      \(style)<text class="title" x="14" y="20">\(HTML.escaped(title))</text>
      \(legend)
      \(axes(horizontal, vertical))
      \(series.map { lines($0, horizontal, vertical) }.joined(separator: "\n"))
      </svg>
      """
  }

  /// Without the few values far above the others, which would press the rest of the line flat.
  private static func withoutSpikes(_ values: [Double]) -> [Double] {
    let sorted = values.filter(\.isFinite).sorted()
    guard sorted.count > 50 else { return sorted }
    let high = sorted[sorted.count * 99 / 100]
    return sorted.filter { $0 <= high * 1.5 || $0 <= 0 }
  }

  private var legend: String {
    guard series.count > 1 else { return "" }
    var right = Self.plot.right
    return series.reversed().map { series in
      let width = 22 + 6.4 * Double(series.name.count)
      right -= width + 10
      return """
        <g><line class="\(series.colour)" x1="\(text(right))" x2="\(text(right + 14))" y1="16" y2="16"/>\
        <text class="label" x="\(text(right + 19))" y="20">\(HTML.escaped(series.name))</text></g>
        """
    }.joined()
  }

  private func axes(_ horizontal: AxisScale, _ vertical: AxisScale) -> String {
    let rows = vertical.ticks.map { tick -> String in
      let y = text(self.y(tick, vertical))
      return """
        <line class="grid" x1="\(text(Self.plot.left))" x2="\(text(Self.plot.right))" y1="\(y)" y2="\(y)"/>\
        <text class="label end" x="\(text(Self.plot.left - 8))" y="\(y)" dy="4">\(vertical.label(tick))</text>
        """
    }
    let columns = horizontal.ticks.map { tick in
      """
      <text class="label middle" x="\(text(x(tick, horizontal)))" y="\(text(Self.plot.bottom + 18))">\
      \(horizontal.label(tick))</text>
      """
    }
    let names = """
      <text class="label end" x="\(text(Self.plot.right))" y="\(text(Self.size.height - 6))">steps</text>
      """
    return (rows + columns + [names]).joined(separator: "\n")
  }

  private func lines(_ series: Series, _ horizontal: AxisScale, _ vertical: AxisScale) -> String {
    func path(_ points: [(x: Double, y: Double)], _ style: String) -> String {
      let places = points.filter(\.y.isFinite).map { "\(text(x($0.x, horizontal))),\(text(y($0.y, vertical)))" }
      return places.isEmpty ? "" : "<polyline class=\"\(style)\" points=\"\(places.joined(separator: " "))\"/>"
    }
    var result = path(Self.thinned(series.raw), "\(series.colour) raw")
    result += path(series.isMarked ? series.points : Self.thinned(series.points), series.colour)
    guard series.isMarked, series.points.count <= 120 else { return result }
    for point in series.points where point.y.isFinite {
      result += """
        <circle class="\(series.colour)" cx="\(text(x(point.x, horizontal)))" cy="\(text(y(point.y, vertical)))" r="3">\
        <title>step \(Int(point.x)): \(significant(point.y, 4))</title></circle>
        """
    }
    return result
  }

  /// As many points as the eye can tell apart: the mean of each stretch.
  static func thinned(_ points: [(x: Double, y: Double)], to count: Int = 500) -> [(x: Double, y: Double)] {
    guard points.count > count else { return points }
    return (0..<count).map { index in
      let stretch = points[index * points.count / count..<(index + 1) * points.count / count]
      let size = Double(stretch.count)
      return (stretch.reduce(0) { $0 + $1.x } / size, stretch.reduce(0) { $0 + $1.y } / size)
    }
  }

  private func x(_ value: Double, _ scale: AxisScale) -> Double {
    Self.plot.left + (Self.plot.right - Self.plot.left) * scale.position(of: value)
  }

  /// Values beyond the scale are drawn at its edge.
  private func y(_ value: Double, _ scale: AxisScale) -> Double {
    Self.plot.bottom - (Self.plot.bottom - Self.plot.top) * min(1, max(0, scale.position(of: value)))
  }

  private func text(_ coordinate: Double) -> String { fixed(coordinate, 1) }
}
