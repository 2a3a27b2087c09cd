/// One picture of several that stand side by side, with what it is called.
struct SystemPanel {
  var caption: String
  /// Stands at the right of the caption.
  var note = ""
  var picture: Canvas

  private static let side = (width: 320, height: 280)
  private static let gap = 10
  /// More would be too small to see on a page.
  private static let columns = 4

  /// All panels in rows, and a legend below.
  ///
  /// - Precondition: there are some, all of one size.
  static func row(_ panels: [SystemPanel], legend: Legend) -> Canvas {
    let fitted = panels.map { $0.picture.fitted(to: side.width, side.height) }
    let width = max(150, fitted[0].width)
    // Six in two rows of three, not of four and two.
    let rowCount = (panels.count + columns - 1) / columns
    let perRow = (panels.count + rowCount - 1) / rowCount
    let (stepX, stepY) = (width + gap, fitted[0].height + Canvas.textHeight + 2 * gap)
    let total = gap + perRow * stepX
    let legendTop = gap + rowCount * stepY
    var canvas = Canvas(width: total, height: legendTop + legend.height(width: total - 2 * gap) + gap / 2)
    for (place, panel) in panels.enumerated() {
      let (x, y) = (gap + place % perRow * stepX, gap + place / perRow * stepY)
      canvas.draw(fitted[place], x: x, y: y)
      let room = width - (panel.note.isEmpty ? 0 : Canvas.textWidth(panel.note) + gap)
      let line = y + fitted[place].height + gap / 2
      canvas.write(Canvas.shortened(panel.caption, toFit: room), x: x, y: line)
      canvas.write(panel.note, x: x + width - Canvas.textWidth(panel.note), y: line, .faint)
    }
    legend.draw(on: &canvas, x: gap, y: legendTop, width: total - 2 * gap)
    return canvas
  }
}
