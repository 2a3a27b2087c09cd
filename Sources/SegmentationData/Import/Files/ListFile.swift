import Basics
import Foundation

/// A list of samples: a line for each.
struct ListFile {
  let path: String
  /// What relative paths are relative to.
  let folder: String

  /// The pairs of "image label" lines, each once.
  ///
  /// - Throws: `Failure` that names file and line: not two paths, a file that is not there.
  func pairs(note: (String) -> Void) throws -> [ImportPair] {
    var images: [String] = []
    var pairs: [ImportPair] = []
    var known: Set<[String]> = []
    var (doubleCount, numberCount) = (0, 0)
    for (number, line) in try lines() {
      var fields = Self.fields(line)
      if number == 0, fields.count >= 2, Self.isHeader(fields) { continue }
      if fields.count == 3, let place = [2, 0].first(where: { Int(fields[$0]) != nil }) {
        fields.remove(at: place)
        numberCount += 1
      }
      try check(fields, line, number + 1)
      guard known.insert(fields).inserted else {
        doubleCount += 1
        continue
      }
      images.append(fields[0].replacing("\\", with: "/"))
      pairs.append(
        ImportPair(
          key: "", image: try resolved(fields[0], number + 1), label: .file(try resolved(fields[1], number + 1))))
    }
    if numberCount > 0 { note("\(path): the numbers beside the paths are not used: all samples are taken") }
    sayDoubles(doubleCount, note)
    return ImportPair.keyed(pairs, by: images.map(SourceFolder.withoutEnding))
  }

  /// The samples' names of a list as VOC's: one on each line, perhaps with a number behind, or two paths.
  ///
  /// - Parameter stems: names that there are: with them a line is a name though it has blanks.
  func identifiers(known stems: Set<String> = [], note: (String) -> Void) throws -> [String] {
    var identifiers: [String] = []
    var known: Set<String> = []
    var (doubleCount, numberCount) = (0, 0)
    for (number, line) in try lines() {
      let fields = stems.contains(SourceFolder.stem(line)) || stems.contains(line) ? [line] : Self.fields(line)
      let isNumbered = fields.count == 2 && ["-1", "0", "1"].contains(fields[1])
      let isPairOfPaths = fields.count == 2 && fields.allSatisfy { $0.contains("/") || $0.contains("\\") }
      guard fields.count == 1 || isNumbered || isPairOfPaths else {
        throw Failure(
          .badData, "\(path):\(number + 1): \(line.debugDescription) is not the name of a sample",
          remedy: "write one name a line, as 2007_000032")
      }
      if isNumbered { numberCount += 1 }
      let path = fields[0].replacing("\\", with: "/")
      let name = path.split(separator: "/").last.map(String.init) ?? path
      let isFile = [".jpg", ".png", ".jpeg"].contains { name.lowercased().hasSuffix($0) }
      let identifier = isFile ? SourceFolder.stem(name) : name
      if known.insert(identifier).inserted { identifiers.append(identifier) } else { doubleCount += 1 }
    }
    if numberCount > 0 { note("\(path): the numbers behind the names are not used: all samples are taken") }
    sayDoubles(doubleCount, note)
    return identifiers
  }

  /// The lines that say something, each with its index: neither empty nor a comment.
  private func lines() throws -> [(offset: Int, element: String)] {
    try TextLines.read(path).enumerated().filter { !$0.element.isEmpty && !$0.element.hasPrefix("# ") }
  }

  private func sayDoubles(_ count: Int, _ note: (String) -> Void) {
    guard count > 0 else { return }
    note("\(path): \(count) \(count == 1 ? "line is" : "lines are") there twice; each sample is taken once")
  }

  /// Cut at tabs, else at commas, at semicolons, or at blanks.
  private static func fields(_ line: String) -> [String] {
    let separator = "\t,;".first { line.contains($0) } ?? " "
    return line.split(separator: separator).map {
      $0.trimmingCharacters(in: CharacterSet(charactersIn: " \"'"))
    }
  }

  private static func isHeader(_ fields: [String]) -> Bool {
    let words: Set<String> = ["image", "images", "img", "label", "labels", "mask", "masks", "annotation", "file", "id"]
    return fields.allSatisfy { words.contains($0.lowercased()) }
  }

  private func check(_ fields: [String], _ line: String, _ number: Int) throws {
    guard fields.count == 2, !fields.contains("") else {
      throw Failure(
        .badData, "\(path):\(number): \(line.debugDescription) is not an image and a label",
        remedy: "write two paths a line, with a tab between them if they have blanks")
    }
    guard Int(fields[1]) == nil else {
      throw Failure(
        .badData, "\(path):\(number): \(line.debugDescription) has a number where the path of a label should be",
        remedy: "a list of VOC's names belongs to 'dataset import voc'; for 'folder' write two paths a line")
    }
  }

  /// A path of a list. Lists are often written for another folder or another system: where the path does not exist,
  /// slashes are tried for backslashes, and its last two parts below `folder`.
  private func resolved(_ field: String, _ number: Int) throws -> String {
    for path in [field, field.replacing("\\", with: "/")] {
      let full = path.hasPrefix("/") ? path : folder + "/" + path
      if SourceFolder.exists(full) { return full }
      let nearby = folder + "/" + path.split(separator: "/").suffix(2).joined(separator: "/")
      if SourceFolder.exists(nearby) { return nearby }
    }
    throw Failure(
      .missingInput, "\(path):\(number): there is no file \(field.debugDescription) (looked for in \(folder))")
  }
}
