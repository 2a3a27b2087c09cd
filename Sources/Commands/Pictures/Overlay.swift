/// Pictures that show labels or predictions together with their image.
package enum Overlay {
  private static let margin = 12
  /// What pixels of no class look like.
  private static let ignored = Colour(236, 236, 236)
  /// Smaller images are enlarged by whole factors towards this width.
  private static let smallestWidth = 360

  /// The image beside the prediction laid over it, between them the true labels where they are known, and the
  /// prediction's legend below.
  package static func panel(
    image: Canvas, labels: [UInt16], truth: [UInt16]? = nil, classNames: [String], palette: [UInt8], caption: String
  ) -> Canvas {
    let factor = max(1, (smallestWidth + image.width / 2) / image.width)
    var parts = [(caption, image)]
    if let truth {
      let picture = coloured(
        truth, width: image.width, height: image.height, palette: palette, classCount: classNames.count)
      parts.append(("label", picture))
    }
    parts.append(("prediction", blend(image, labels, palette: palette, classCount: classNames.count)))
    let legend = Legend(of: labels, classNames: classNames, palette: palette)
    let (partWidth, partHeight) = (factor * image.width, factor * image.height)
    let width = parts.count * (partWidth + margin) + margin
    let captionTop = margin + partHeight + margin / 2
    let legendTop = captionTop + Canvas.textHeight + margin
    var canvas = Canvas(width: width, height: legendTop + legend.height(width: width - 2 * margin) + margin / 2)
    for (place, (text, picture)) in parts.enumerated() {
      let left = margin + place * (partWidth + margin)
      canvas.draw(picture.enlarged(by: factor), x: left, y: margin)
      canvas.write(Canvas.shortened(text, toFit: partWidth), x: left, y: captionTop, .faint)
    }
    legend.draw(on: &canvas, x: margin, y: legendTop, width: width - 2 * margin)
    return canvas
  }

  /// The image under the classes' colours, with the edges between classes drawn in full; pixels of no class are left
  /// as they are.
  package static func blend(_ image: Canvas, _ labels: [UInt16], palette: [UInt8], classCount: Int) -> Canvas {
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

  /// The image with the edges of partitions of it, the later ones over the earlier.
  static func outlined(_ image: Canvas, _ partitions: [(labels: [Int32], colour: Colour)]) -> Canvas {
    var result = image
    for (labels, colour) in partitions {
      for y in 0..<image.height {
        for x in 0..<image.width {
          let place = y * image.width + x
          let isEdge =
            x + 1 < image.width && labels[place + 1] != labels[place]
            || y + 1 < image.height && labels[place + image.width] != labels[place]
          if isEdge { result[x, y] = colour }
        }
      }
    }
    return result
  }

  /// The labels in their colours, light grey where they are no class.
  package static func coloured(
    _ labels: [UInt16], width: Int, height: Int, palette: [UInt8], classCount: Int
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
