import Basics
import Detection
import SegmentationData

extension InstanceAnnotations {
  /// As they are drawn, with their classes' names.
  func things(_ classNames: [String]) -> [InstancePicture.Thing] {
    (0..<count).map { index in
      InstancePicture.Thing(
        box: boxes[index], mask: masks[index],
        title: classNames[Int(classes[index])] + (isCrowd[index] ? " (crowd)" : ""),
        isCrowd: isCrowd[index])
    }
  }
}

/// Things drawn over their picture: masks in colours that tell neighbours apart, boxes, names.
package struct InstancePicture {
  /// What is drawn of one thing.
  package struct Thing {
    package var box: Box
    /// Of the picture's size.
    package var mask: RunLengths?
    package var title: String
    /// Drawn in grey.
    package var isCrowd: Bool

    package init(box: Box, mask: RunLengths?, title: String, isCrowd: Bool = false) {
      self.box = box
      self.mask = mask
      self.title = title
      self.isCrowd = isCrowd
    }
  }

  private let things: [Thing]
  private let source: Canvas
  private var canvas: Canvas
  private var titles: [(x: Int, y: Int, width: Int)] = []

  private static let colours = [
    Colour(230, 57, 70), Colour(29, 111, 214), Colour(255, 183, 3), Colour(42, 157, 83), Colour(155, 65, 196),
    Colour(251, 111, 20), Colour(0, 168, 180), Colour(232, 62, 140), Colour(124, 181, 24), Colour(120, 84, 58),
  ]
  private static let crowd = Colour(150, 150, 150)

  /// The picture as large as it can be within the given sides.
  package static func drawn(_ things: [Thing], over image: Canvas, toFit width: Int, _ height: Int) -> Canvas {
    var picture = InstancePicture(things: things, source: image, canvas: image.fitted(to: width, height))
    picture.drawMasks()
    // Large ones first: small ones are seen on them.
    let order = things.indices.sorted { (things[$0].box.area, $0) > (things[$1].box.area, $1) }
    for index in order { picture.drawBox(index) }
    for index in order { picture.drawTitle(index) }
    return picture.canvas
  }

  private func colour(_ index: Int) -> Colour {
    things[index].isCrowd ? Self.crowd : Self.colours[index % Self.colours.count]
  }

  private mutating func drawMasks() {
    for index in things.indices.sorted(by: { (things[$0].box.area, $0) > (things[$1].box.area, $1) }) {
      guard let mask = things[index].mask, mask.height == source.height, mask.width == source.width else { continue }
      let bitmap = mask.bitmap()
      func isInside(_ x: Int, _ y: Int) -> Bool {
        guard x >= 0, y >= 0, x < canvas.width, y < canvas.height else { return false }
        return bitmap[y * source.height / canvas.height * source.width + x * source.width / canvas.width] != 0
      }
      let colour = colour(index)
      for y in 0..<canvas.height {
        for x in 0..<canvas.width where isInside(x, y) {
          let isEdge = !(isInside(x - 1, y) && isInside(x + 1, y) && isInside(x, y - 1) && isInside(x, y + 1))
          canvas[x, y] = canvas[x, y].covered(by: colour, share: isEdge ? 1 : 0.45)
        }
      }
    }
  }

  private func isFree(_ x: Int, _ y: Int, _ width: Int, _ height: Int) -> Bool {
    titles.allSatisfy { abs($0.y - y) >= height || $0.x + $0.width <= x || x + width <= $0.x }
  }

  /// Of the drawn picture, in pixels.
  private func corners(_ box: Box) -> (left: Int, top: Int, right: Int, bottom: Int) {
    let (across, down) = (Float(canvas.width) / Float(source.width), Float(canvas.height) / Float(source.height))
    func place(_ value: Float, _ factor: Float, _ end: Int) -> Int {
      Int(min(Float(end - 1), max(0, (value * factor).rounded())))
    }
    return (
      place(box.x1, across, canvas.width), place(box.y1, down, canvas.height), place(box.x2, across, canvas.width),
      place(box.y2, down, canvas.height)
    )
  }

  private mutating func drawBox(_ index: Int) {
    let (left, top, right, bottom) = corners(things[index].box)
    let (width, height) = (right - left + 1, bottom - top + 1)
    for (x, y, w, h) in [
      (left, top, width, 1), (left, bottom, width, 1), (left, top, 1, height), (right, top, 1, height),
    ] { canvas.fill(x: x, y: y, width: w, height: h, colour(index)) }
  }

  /// A label above the box, or elsewhere at its corners where another label is there.
  private mutating func drawTitle(_ index: Int) {
    let title = Canvas.shortened(things[index].title, toFit: canvas.width - 6)
    guard !title.isEmpty else { return }
    let (left, top, _, bottom) = corners(things[index].box)
    let (width, height) = (Canvas.textWidth(title) + 6, Canvas.textHeight + 2)
    let x = max(0, min(left, canvas.width - width))
    let heights = [top - height, top, bottom - height, bottom, top - 2 * height].filter {
      $0 >= 0 && $0 + height <= canvas.height
    }
    let y = heights.first { isFree(x, $0, width, height) } ?? heights.first ?? 0
    titles.append((x, y, width))
    let ground = colour(index)
    canvas.fill(x: x, y: y, width: width, height: height, ground)
    let brightness = 299 * Int(ground.red) + 587 * Int(ground.green) + 114 * Int(ground.blue)
    canvas.write(title, x: x + 3, y: y + 2, brightness > 150_000 ? .ink : .white)
  }
}
