import SegmentationData

/// Many samples on one page: each image beside its label, with its key, and the classes' legend at the foot.
struct ContactSheet {
  private let info: DatasetInfo
  private let columns: Int
  private var panels: [Canvas] = []
  private static let margin = 14
  private static let side = (width: 300, height: 260)

  init(_ info: DatasetInfo, columns: Int = 2) {
    self.info = info
    self.columns = columns
  }

  mutating func add(_ sample: RawSample) {
    let image = Canvas(sample).fitted(to: Self.side.width, Self.side.height)
    let label = Overlay.coloured(
      sample.labels, width: sample.width, height: sample.height, palette: info.palette, classCount: info.classCount
    ).fitted(to: Self.side.width, Self.side.height)
    let gap = 4
    var panel = Canvas(
      width: 2 * image.width + gap, height: image.height + Canvas.textHeight + 8)
    panel.draw(image, x: 0, y: 0)
    panel.draw(label, x: image.width + gap, y: 0)
    let caption = Canvas.shortened("\(sample.key)  \(sample.width) x \(sample.height)", toFit: panel.width)
    panel.write(caption, x: 0, y: image.height + 6, .faint)
    panels.append(panel)
  }

  /// - Precondition: a sample was added.
  var canvas: Canvas {
    precondition(!panels.isEmpty)
    let columns = min(self.columns, panels.count)
    let panelWidth = panels.map(\.width).max() ?? 1
    let width = Self.margin + columns * (panelWidth + Self.margin)
    let rows = stride(from: 0, to: panels.count, by: columns).map {
      Array(panels[$0..<min(panels.count, $0 + columns)])
    }
    let heights = rows.map { $0.map(\.height).max() ?? 0 }
    let legend = Legend(
      info.classNames.enumerated().map { .init(name: $1, colour: Colour(label: $0, palette: info.palette)) })
    let legendHeight = legend.height(width: width - 2 * Self.margin)
    let total = heights.reduce(Self.margin) { $0 + $1 + Self.margin } + legendHeight + Self.margin
    var canvas = Canvas(width: width, height: total)
    var top = Self.margin
    for (row, height) in zip(rows, heights) {
      for (column, panel) in row.enumerated() {
        canvas.draw(panel, x: Self.margin + column * (panelWidth + Self.margin), y: top)
      }
      top += height + Self.margin
    }
    canvas.fill(x: Self.margin, y: top - Self.margin / 2, width: width - 2 * Self.margin, height: 1, .line)
    legend.draw(on: &canvas, x: Self.margin, y: top + 4, width: width - 2 * Self.margin)
    return canvas
  }
}
