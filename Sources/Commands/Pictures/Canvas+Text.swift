extension Canvas {
  /// Height of a line of text from the top of a capital to the end of a descender, at a scale of 2.
  package static let textHeight = 2 * (Typeface.ascent + Typeface.descent)

  /// How wide `text` will be.
  package static func textWidth(_ text: String) -> Int {
    2 * max(0, text.reduce(0) { $0 + (Typeface.glyph($1).first?.count ?? 0) + 1 } - 1)
  }

  /// Writes `text` with its top left corner at (x, y).
  package mutating func write(_ text: String, x: Int, y: Int, _ colour: Colour = .ink) {
    var left = x
    for character in text {
      let glyph = Typeface.glyph(character)
      draw(glyph, x: left, y: y, colour)
      left += 2 * ((glyph.first?.count ?? 0) + 1)
    }
  }

  /// As much of `text` as fits into `width`.
  package static func shortened(_ text: String, toFit width: Int) -> String {
    guard textWidth(text) > width else { return text }
    var shorter = text
    while !shorter.isEmpty, textWidth(shorter + "..") > width { shorter.removeLast() }
    return shorter + ".."
  }

  /// Every dot becomes four pixels; the corner of a step between two dots that touch at their corners is half inked,
  /// which makes slanted strokes smooth.
  private mutating func draw(_ glyph: [[Bool]], x: Int, y: Int, _ colour: Colour) {
    func ink(_ column: Int, _ row: Int) -> Bool {
      row >= 0 && row < glyph.count && column >= 0 && column < glyph[row].count && glyph[row][column]
    }
    for row in 0..<glyph.count {
      for column in 0..<glyph[row].count {
        for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
          let (sideways, upright) = (2 * dx - 1, 2 * dy - 1)
          let isCorner =
            ink(column + sideways, row) && ink(column, row + upright) && !ink(column + sideways, row + upright)
          let share: Float = ink(column, row) ? 1 : isCorner ? 0.5 : 0
          guard share > 0, x + 2 * column + dx < width, y + 2 * row + dy < height else { continue }
          let place = (x: x + 2 * column + dx, y: y + 2 * row + dy)
          guard place.x >= 0, place.y >= 0 else { continue }
          self[place.x, place.y] = self[place.x, place.y].covered(by: colour, share: share)
        }
      }
    }
  }
}
