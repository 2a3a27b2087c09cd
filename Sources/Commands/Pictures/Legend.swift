/// The classes of a picture with their colours, in columns.
struct Legend {
  struct Entry: Equatable {
    var name: String
    var colour: Colour
  }

  let entries: [Entry]
  private static let rowHeight = 26
  private static let swatchSide = 18
  private static let gap = 8

  init(_ entries: [Entry]) { self.entries = entries }

  /// The classes that occur in `labels`, the most frequent first, with their share of the pixels.
  init(of labels: [UInt16], classNames: [String], palette: [UInt8]) {
    var counts = [Int](repeating: 0, count: classNames.count)
    for label in labels where Int(label) < counts.count { counts[Int(label)] += 1 }
    let present = counts.indices.filter { counts[$0] > 0 }.sorted { (counts[$0], $1) > (counts[$1], $0) }
    entries = present.map { label in
      let share = Double(counts[label]) / Double(max(1, labels.count))
      return Entry(
        name: "\(classNames[label]) \(Self.percent(share))", colour: Colour(label: label, palette: palette))
    }
  }

  private static func percent(_ share: Double) -> String {
    let whole = Int((share * 100).rounded())
    return whole == 0 ? "<1%" : "\(whole)%"
  }

  /// Height of the legend when it is `width` wide.
  func height(width: Int) -> Int {
    let columns = self.columns(width: width)
    return columns == 0 ? 0 : (entries.count + columns - 1) / columns * Self.rowHeight
  }

  func draw(on canvas: inout Canvas, x: Int, y: Int, width: Int) {
    let columns = self.columns(width: width)
    guard columns > 0 else { return }
    let columnWidth = width / columns
    for (index, entry) in entries.enumerated() {
      let left = x + index % columns * columnWidth
      let top = y + index / columns * Self.rowHeight
      canvas.swatch(x: left, y: top, side: Self.swatchSide, entry.colour)
      let textLeft = left + Self.swatchSide + Self.gap
      let room = columnWidth - Self.swatchSide - 2 * Self.gap
      canvas.write(Canvas.shortened(entry.name, toFit: room), x: textLeft, y: top + 2)
    }
  }

  private func columns(width: Int) -> Int {
    guard let widest = entries.map({ Canvas.textWidth($0.name) }).max() else { return 0 }
    let needed = Self.swatchSide + widest + 3 * Self.gap
    return max(1, min(entries.count, width / max(1, needed)))
  }
}
