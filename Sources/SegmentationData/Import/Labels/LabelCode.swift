import Basics

/// How the pixels of label files become labels, and what the labels are called.
struct LabelCode: Sendable {
  let classNames: [String]
  let palette: [UInt8]
  /// -1: no label is ignored.
  let ignoreLabel: Int
  private let rule: Rule

  private enum Rule: Sendable {
    case same
    /// The label of each of 65,536 values; -1: it has no meaning.
    case values([Int32])
    case colours(LabelTable)
  }

  /// Values are labels already.
  init(classNames: [String], palette: [UInt8], ignored: [Int]) {
    self.classNames = classNames
    self.palette = palette
    ignoreLabel = ignored.first ?? -1
    guard ignored.count > 1 else {
      rule = .same
      return
    }
    var labels = (0..<65_536).map { Int32($0) }
    for value in ignored { labels[value] = Int32(ignoreLabel) }
    rule = .values(labels)
  }

  /// - Parameter palette: used where the table has no colours of its own.
  init(_ table: LabelTable, palette: [UInt8] = Palette.voc) {
    classNames = table.classNames
    self.palette = table.palette ?? palette
    ignoreLabel = table.classNames.count <= 255 ? 255 : 65_535
    guard !table.hasColours else {
      rule = .colours(table)
      return
    }
    var labels = [Int32](repeating: Self.number(table.meanings[.others], ignoreLabel), count: 65_536)
    for case (.value(let value), let meaning) in table.meanings {
      labels[Int(value)] = Self.number(meaning, ignoreLabel)
    }
    rule = .values(labels)
  }

  private static func number(_ meaning: LabelTable.Meaning?, _ ignoreLabel: Int) -> Int32 {
    switch meaning {
    case .label(let label): Int32(label)
    case .ignored: Int32(ignoreLabel)
    case nil: -1
    }
  }

  /// Whether labels are read by their colours.
  var isOfColours: Bool { if case .colours = rule { true } else { false } }

  /// Labels of a label file, height x width.
  ///
  /// - Throws: `Failure(.badData)` with file and pixel: a value or a colour that means nothing.
  func labels(of image: LabelImage) throws -> [UInt16] {
    switch (rule, image.content) {
    case (.same, .values(let values)): return values
    case (.values(let table), .values(let values)):
      return try values.enumerated().map { place, value in
        let label = table[Int(value)]
        guard label >= 0 else { throw unknown("the value \(value)", place, image) }
        return UInt16(label)
      }
    case (.colours(let table), .colours(let colours)): return try labels(colours, table, image)
    case (.colours, .values):
      throw Failure(
        .badData, "\(image.path) has one number for each pixel and no colours",
        remedy: "leave --palette out, or say with --map what each value is")
    case (_, .colours(let colours)): throw Self.coloured(image, colours)
    }
  }

  /// Labels of values, height x width, of which some pixels are of no class whatever their value.
  ///
  /// - Throws: as `labels(of:)`; also if no label is ignored, or a value is no class.
  func labels(of image: LabelImage, except isVoid: [Bool]) throws -> [UInt16] {
    guard case .values(var values) = image.content else { return try labels(of: image) }
    if let place = isVoid.firstIndex(of: true) {
      guard let label = UInt16(exactly: ignoreLabel) else {
        throw Failure(
          .badData,
          "\(image.path) has no value at row \(place / image.width), column \(place % image.width), and --ignore none "
            + "leaves nothing to call it", remedy: "leave --ignore out")
      }
      guard let known = isVoid.firstIndex(of: false) else { return [UInt16](repeating: label, count: values.count) }
      // Any value that has to be looked up anyway stands in.
      for place in values.indices where isVoid[place] { values[place] = values[known] }
      var labels = try labels(
        of: LabelImage(path: image.path, width: image.width, height: image.height, values: values))
      for place in labels.indices where isVoid[place] { labels[place] = label }
      return labels
    }
    return try labels(of: image)
  }

  private func labels(_ colours: [UInt32], _ table: LabelTable, _ image: LabelImage) throws -> [UInt16] {
    var known: [UInt32: UInt16] = [:]
    var last: (colour: UInt32, label: UInt16)?
    return try colours.enumerated().map { place, colour in
      if let last, last.colour == colour { return last.label }
      let label: UInt16
      if let found = known[colour] {
        label = found
      } else {
        let number = Self.number(meaning(of: colour, in: table), ignoreLabel)
        guard number >= 0 else { throw unknown(Self.text(colour, in: table), place, image) }
        label = UInt16(number)
        known[colour] = label
      }
      last = (colour, label)
      return label
    }
  }

  private func meaning(of colour: UInt32, in table: LabelTable) -> LabelTable.Meaning? {
    let alpha = colour >> 24
    let key = alpha == 0 ? LabelTable.Key.transparent : .colour(colour & 0xFF_FFFF)
    // Half a colour is a mixture of two classes.
    if alpha != 0 && alpha != 255 { return table.meanings[.others] }
    return table.meanings[key] ?? table.meanings[.others]
  }

  private static func text(_ colour: UInt32, in table: LabelTable) -> String {
    let name = "the colour (\(LabelTable.text(colour & 0xFF_FFFF)))"
    let alpha = colour >> 24
    if alpha == 255 { return name }
    return alpha == 0 ? "a transparent pixel" : "\(name) with alpha \(alpha)"
  }

  private func unknown(_ what: String, _ place: Int, _ image: LabelImage) -> Failure {
    let option = isOfColours ? "the palette" : "--values or --map"
    return Failure(
      .badData,
      "\(image.path) has \(what) at row \(place / image.width), column \(place % image.width), which is not in \(option)",
      remedy: isOfColours
        ? "add a line for it to a palette file ('*, ignore' for all that have none); colours in between come of JPEG or "
          + "of resizing" : "add it, or say with --ignore that it is of no class")
  }

  private static func coloured(_ image: LabelImage, _ colours: [UInt32]) -> Failure {
    let count = Set(colours).count
    return Failure(
      .badData,
      "\(image.path) has \(image.channels) channels: a label has one number for each pixel, or colours (it has "
        + "\(count)) that --palette explains",
      remedy: "give --palette \(LabelTable.knownNames.joined(separator: "|")) or a file with lines such as "
        + "'128 64 128, road'; or store labels as grey or palette PNG")
  }
}
