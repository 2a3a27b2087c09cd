import Basics
import Foundation

extension LabelTable {
  /// Reads a table: a line for each value or colour, and the name of its class, or `ignore`.
  ///
  ///     7, road          128 64 128: road        #804080, road        road,128,64,128
  ///     1-6, ignore      *: ignore               transparent, ignore
  ///
  /// Commas, colons, semicolons and tabs separate, so that CSV and flat YAML are both read. Lines that begin with `#`
  /// and no colour, and a first line without a number, are passed over. Classes are numbered as they first come.
  ///
  /// - Throws: `Failure` that names the file and the line.
  static func read(_ path: String) throws -> LabelTable {
    var table = LabelTable()
    for (number, line) in try TextLines.read(path).enumerated() {
      guard !line.isEmpty, line != "---", !isComment(line) else { continue }
      guard let (keys, name) = entry(line) else {
        if table.meanings.isEmpty, !line.contains(where: \.isNumber) { continue }
        throw Failure(
          .badData, "\(path):\(number + 1): \(line.debugDescription) does not say what a value or a colour is",
          remedy: "write a line as '7, road', '128 64 128, road', '#804080, road' or '7, ignore'")
      }
      for key in keys where !table.add(key, name.lowercased() == "ignore" ? nil : name) {
        throw Failure(
          .badData, "\(path):\(number + 1): \(describe(key)) has a line already", remedy: "keep one of them")
      }
    }
    guard !table.classNames.isEmpty else {
      throw Failure(.badData, "\(path) names no class", remedy: "write lines such as '7, road'")
    }
    return table
  }

  private static func describe(_ key: Key) -> String {
    switch key {
    case .value(let value): "the value \(value)"
    case .colour(let colour): "the colour (\(text(colour)))"
    case .transparent: "'transparent'"
    case .others: "'*'"
    }
  }

  private static func isComment(_ line: String) -> Bool { line.hasPrefix("#") && hexadecimal(line.prefix(7)) == nil }

  /// What a line says; nil if nothing that can be understood.
  private static func entry(_ line: String) -> (keys: [Key], name: String)? {
    let fields = line.replacing("- ", with: "", maxReplacements: line.hasPrefix("- ") ? 1 : 0)
      .split(whereSeparator: { ",:;\t".contains($0) }).map(trimmed)
    if let first = fields.first, let keys = keys(first), fields.count >= 2 {
      // Three numbers in front are a colour, unless they are a value and a name of digits.
      if case .value? = keys.first, fields.count >= 4, let colour = colour(fields.prefix(3)) {
        return ([.colour(colour)], fields[3...].joined(separator: ", "))
      }
      return (keys, fields[1...].joined(separator: ", "))
    }
    // The name in front: class_dict.csv and label_colors.txt of CamVid.
    if fields.count == 4, let colour = colour(fields.suffix(3)) { return ([.colour(colour)], fields[0]) }
    let words = line.split(whereSeparator: { " \t".contains($0) }).map(String.init)
    if words.count >= 4, let colour = colour(words.prefix(3)) {
      return ([.colour(colour)], words[3...].joined(separator: " "))
    }
    return nil
  }

  private static func trimmed(_ text: some StringProtocol) -> String {
    text.trimmingCharacters(in: CharacterSet(charactersIn: " \"'()[]{}"))
  }

  private static func keys(_ text: String) -> [Key]? {
    if text == "*" { return [.others] }
    if text.lowercased() == "transparent" { return [.transparent] }
    if let colour = hexadecimal(text[...]) { return [.colour(colour)] }
    let words = text.split(separator: " ").map(String.init)
    if words.count == 3 { return colour(words[...]).map { [.colour($0)] } }
    let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { UInt16($0) }
    guard let first = ends.first, let first, let last = ends.last, let last, ends.count <= 2, first <= last else {
      return nil
    }
    return (first...last).map { .value($0) }
  }

  private static func colour(_ numbers: ArraySlice<String>) -> UInt32? {
    let bytes = numbers.compactMap { UInt8($0) }
    guard bytes.count == 3 else { return nil }
    return UInt32(bytes[0]) << 16 | UInt32(bytes[1]) << 8 | UInt32(bytes[2])
  }

  private static func hexadecimal(_ text: Substring) -> UInt32? {
    guard text.hasPrefix("#"), text.count == 7 else { return nil }
    return UInt32(text.dropFirst(), radix: 16)
  }
}
