import SegmentationData

/// Many samples on one page: each image beside its labels, with its key, and the classes' legend at the foot.
struct ContactSheet {
  private let classNames: [String]
  private let palette: [UInt8]
  private let columns: Int
  private var panels: [Canvas] = []
  private static let margin = 14
  private static let side = (width: 300, height: 260)

  /// - Parameter palette: 256 colours, RGB.
  init(classNames: [String], palette: [UInt8], columns: Int = 2) {
    self.classNames = classNames
    self.palette = palette
    self.columns = columns
  }

  /// The image beside its labels (without them where they mean nothing), and beside a prediction laid over it.
  ///
  /// - Parameters:
  ///   - prediction: a class for each pixel of the sample.
  ///   - between: a picture of the sample's size that follows the image.
  mutating func add(_ sample: RawSample, withLabels: Bool = true, prediction: [UInt16]? = nil, between: Canvas? = nil) {
    let image = Canvas(sample)
    var pictures = [image] + (between.map { [$0] } ?? [])
    if withLabels {
      pictures.append(
        Overlay.coloured(
          sample.labels, width: sample.width, height: sample.height, palette: palette, classCount: classNames.count))
    }
    if let prediction {
      pictures.append(Overlay.blend(image, prediction, palette: palette, classCount: classNames.count))
    }
    add(pictures, caption: "\(sample.key)  \(sample.width) x \(sample.height)")
  }

  /// Pictures of one size side by side.
  private mutating func add(_ pictures: [Canvas], caption: String) {
    let fitted = pictures.map { $0.fitted(to: Self.side.width, Self.side.height) }
    let gap = 4
    let (width, height) = (fitted[0].width, fitted[0].height)
    var panel = Canvas(width: fitted.count * (width + gap) - gap, height: height + Canvas.textHeight + 8)
    for (place, picture) in fitted.enumerated() { panel.draw(picture, x: place * (width + gap), y: 0) }
    panel.write(Canvas.shortened(caption, toFit: panel.width), x: 0, y: height + 6, .faint)
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
      classNames.enumerated().map { .init(name: $1, colour: Colour(label: $0, palette: palette)) })
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
