import Basics

/// A source's `classes.txt`: a name a line, with three numbers for its colour if wanted.
struct ClassList {
  let names: [String]
  /// nil: not every class has a colour.
  let palette: [UInt8]?

  /// nil: there is no such file.
  ///
  /// - Throws: `Failure` if it has no names, or one comes twice.
  init?(folder: String) throws {
    let path = folder + "/classes.txt"
    guard SourceFolder.exists(path) else { return nil }
    var names: [String] = []
    var colours: [UInt8] = []
    // A line without a name between others would give the classes behind it other numbers than the labels have.
    let lines = Array(try TextLines.read(path).reversed().drop { $0.isEmpty }.reversed())
    for (number, line) in lines.enumerated() {
      guard !line.isEmpty else {
        throw Failure(
          .badData, "\(path):\(number + 1) is empty, and the classes behind it would be counted wrong",
          remedy: "give every class a name, in the order of the labels' values, or remove the line")
      }
      let fields = line.split(separator: " ")
      let colour = fields.suffix(3).compactMap { UInt8($0) }
      let hasColour = fields.count > 3 && colour.count == 3
      names.append(hasColour ? fields.dropLast(3).joined(separator: " ") : line)
      if hasColour { colours += colour }
    }
    guard !names.isEmpty else { throw Failure(.badData, "\(path) has no names") }
    try LabelOptions.check(names, path, .badData)
    self.names = names
    palette = colours.count == 3 * names.count ? Palette.padded(colours) : nil
  }
}
