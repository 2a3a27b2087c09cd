import Basics
import SegmentationData

/// Many samples on one page: each image beside its labels, with its key, and the classes' legend at the foot; or each
/// image above its class.
struct ContactSheet {
  private let classNames: [String]
  private let palette: [UInt8]
  private let columns: Int
  private var panels: [Canvas] = []
  /// Whether any panel shows classes as colours.
  private var hasColours = false
  private static let margin = 14
  /// Room for captions below small pictures.
  private static let narrowest = 190
  private static let side = (width: 300, height: 260)
  /// Names are written into pictures of things.
  private static let wideSide = (width: 420, height: 340)

  /// - Parameter palette: 256 colours, RGB.
  init(classNames: [String], palette: [UInt8], columns: Int = 2) {
    self.classNames = classNames
    self.palette = palette
    self.columns = columns
  }

  /// The image beside its labels (without them where they mean nothing), and beside a prediction laid over it.
  ///
  /// - Parameters:
  ///   - predictions: each a class for each pixel of the sample.
  ///   - between: a picture of the sample's size that follows the image.
  mutating func add(_ sample: RawSample, withLabels: Bool = true, predictions: [[UInt16]] = [], between: Canvas? = nil)
  {
    let image = Canvas(sample)
    var pictures = [image] + (between.map { [$0] } ?? [])
    if sample.task == .classification {
      return add(pictures, captions: [sample.key, withLabels ? name(sample.labels[0]) : ""].filter { !$0.isEmpty })
    }
    if let instances = sample.instances {
      let things = withLabels ? instances.things(classNames) : []
      return add(sample, [things], note: counted(things.count, "thing"))
    }
    if withLabels {
      pictures.append(
        Overlay.coloured(
          sample.labels, width: sample.width, height: sample.height, palette: palette, classCount: classNames.count))
    }
    for prediction in predictions {
      pictures.append(Overlay.blend(image, prediction, palette: palette, classCount: classNames.count))
    }
    add(pictures, captions: ["\(sample.key)  \(sample.width) x \(sample.height)"])
  }

  /// The image with the class that a classifier gives it, red where it is another than the true one.
  mutating func add(_ sample: RawSample, withLabel: Bool, prediction: (label: Int, probability: Double)) {
    let isWrong = withLabel && Int(sample.labels[0]) < classNames.count && Int(sample.labels[0]) != prediction.label
    let said = "\(classNames[prediction.label]) \(percentage(prediction.probability))"
    add(
      [Canvas(sample)], captions: [said, isWrong ? "is \(name(sample.labels[0]))" : ""],
      isWrong ? Colour(192, 40, 40) : .ink)
  }

  /// The image beside itself with things drawn over it: the true ones, those that were found.
  mutating func add(_ sample: RawSample, _ drawn: [[InstancePicture.Thing]], note: String) {
    let (image, side) = (Canvas(sample), Self.wideSide)
    add(
      [image.fitted(to: side.width, side.height)]
        + drawn.map { InstancePicture.drawn($0, over: image, toFit: side.width, side.height) },
      captions: ["\(sample.key)  \(sample.width) x \(sample.height), \(note)"], areFitted: true)
    hasColours = false
  }

  private func name(_ label: UInt16) -> String {
    Int(label) < classNames.count ? classNames[Int(label)] : "no class"
  }

  /// Pictures of one size side by side.
  private mutating func add(
    _ pictures: [Canvas], captions: [String], _ colour: Colour = .faint, areFitted: Bool = false
  ) {
    hasColours = hasColours || pictures.count > 1
    let fitted = areFitted ? pictures : pictures.map { $0.fitted(to: Self.side.width, Self.side.height) }
    let gap = 4
    let (width, height) = (fitted[0].width, fitted[0].height)
    let lineHeight = Canvas.textHeight + 2
    var panel = Canvas(
      width: max(pictures.count > 1 ? 0 : Self.narrowest, fitted.count * (width + gap) - gap),
      height: height + captions.count * lineHeight + 6)
    for (place, picture) in fitted.enumerated() { panel.draw(picture, x: place * (width + gap), y: 0) }
    for (line, caption) in captions.enumerated() {
      panel.write(Canvas.shortened(caption, toFit: panel.width), x: 0, y: height + 6 + line * lineHeight, colour)
    }
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
      hasColours ? classNames.enumerated().map { .init(name: $1, colour: Colour(label: $0, palette: palette)) } : [])
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
    guard hasColours else { return canvas }
    canvas.fill(x: Self.margin, y: top - Self.margin / 2, width: width - 2 * Self.margin, height: 1, .line)
    legend.draw(on: &canvas, x: Self.margin, y: top + 4, width: width - 2 * Self.margin)
    return canvas
  }
}
