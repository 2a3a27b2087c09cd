/// Pictures that show labels or predictions together with their image.
enum Overlay {
  private static let margin = 12

  /// The image beside itself with the labels' colours laid over it, and the legend below.
  static func panel(
    image: Canvas, labels: [UInt16], classNames: [String], palette: [UInt8], caption: String
  ) -> Canvas {
    let blended = blend(image, labels, palette: palette, classCount: classNames.count)
    let legend = Legend(of: labels, classNames: classNames, palette: palette)
    let width = 2 * image.width + 3 * margin
    let captionTop = margin + image.height + margin / 2
    let legendTop = captionTop + Canvas.textHeight + margin / 2
    var canvas = Canvas(width: width, height: legendTop + legend.height(width: width - 2 * margin) + margin / 2)
    canvas.draw(image, x: margin, y: margin)
    canvas.draw(blended, x: image.width + 2 * margin, y: margin)
    canvas.write(Canvas.shortened(caption, toFit: width - 2 * margin), x: margin, y: captionTop, .faint)
    legend.draw(on: &canvas, x: margin, y: legendTop, width: width - 2 * margin)
    return canvas
  }

  /// The image under the classes' colours, with the edges between classes drawn in full; pixels of no class are left
  /// as they are.
  static func blend(_ image: Canvas, _ labels: [UInt16], palette: [UInt8], classCount: Int) -> Canvas {
    var result = image
    for y in 0..<image.height {
      for x in 0..<image.width {
        let label = labels[y * image.width + x]
        guard Int(label) < classCount else { continue }
        let isEdge =
          x + 1 < image.width && labels[y * image.width + x + 1] != label
          || y + 1 < image.height && labels[(y + 1) * image.width + x] != label
        let colour = Colour(label: Int(label), palette: palette)
        result[x, y] = image[x, y].covered(by: colour, share: isEdge ? 0.95 : 0.55)
      }
    }
    return result
  }

  /// The labels in their colours; `ignored` where they are no class.
  static func coloured(
    _ labels: [UInt16], width: Int, height: Int, palette: [UInt8], classCount: Int, ignored: Colour
  ) -> Canvas {
    var result = Canvas(width: width, height: height)
    for y in 0..<height {
      for x in 0..<width {
        let label = Int(labels[y * width + x])
        result[x, y] = label < classCount ? Colour(label: label, palette: palette) : ignored
      }
    }
    return result
  }
}
