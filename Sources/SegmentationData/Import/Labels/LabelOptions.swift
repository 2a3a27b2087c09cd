import Basics
import Foundation

/// What somebody says of label files: which numbers or colours are which class.
package struct LabelOptions: Sendable {
  /// The classes in order; nil: the source's `classes.txt`, the table's, else as many as the labels use.
  package var classNames: [String]?
  /// Values of pixels that are of no class; empty: there are none; nil: 255.
  package var ignored: [Int]?
  /// The value of each class, in order; nil: the value is the class.
  package var values: [Int]?
  /// A file that says what each value or colour is (`LabelTable.read`).
  package var mapFile: String?
  /// `voc`, `camvid32`, `cityscapes`, or a file as `mapFile`, for labels in colours.
  package var palette: String?
  /// More than `valueLimit` values are meant as classes, though nobody named them.
  package var acceptsManyValues: Bool

  package init(
    classNames: [String]? = nil, ignored: [Int]? = nil, values: [Int]? = nil, mapFile: String? = nil,
    palette: String? = nil, acceptsManyValues: Bool = false
  ) {
    self.classNames = classNames
    self.ignored = ignored
    self.values = values
    self.mapFile = mapFile
    self.palette = palette
    self.acceptsManyValues = acceptsManyValues
  }

  /// So many values, and the labels are no longer believed to be classes unless somebody says so.
  package static let valueLimit = 64

  /// Whether any of the options was given.
  package var isStated: Bool {
    classNames != nil || ignored != nil || values != nil || mapFile != nil || palette != nil || acceptsManyValues
  }

  /// The ignored values, or the one that is usual.
  var ignoredValues: [Int] { ignored ?? [255] }

  /// The names of a list "a, b, c", without the blanks around them.
  ///
  /// - Throws: `Failure(.usage)` if a name is empty or comes twice.
  package static func names(_ list: String) throws -> [String] {
    let names = list.split(separator: ",", omittingEmptySubsequences: false).map {
      $0.trimmingCharacters(in: .whitespaces)
    }
    try check(names, "--classes", .usage)
    return names
  }

  /// - Throws: `Failure` if there is no name, or one is empty or comes twice.
  static func check(_ names: [String], _ place: String, _ kind: Failure.Kind) throws {
    var known: [String: Int] = [:]
    for (index, name) in names.enumerated() {
      guard !name.isEmpty else {
        throw Failure(kind, "\(place): the name of class \(index) is empty", remedy: "give every class a name")
      }
      if let other = known.updateValue(index, forKey: name) {
        throw Failure(
          kind, "\(place): the classes \(other) and \(index) are both called '\(name)'",
          remedy: "give them different names; classes are merged by --map")
      }
    }
  }

  /// The values of "0,255" or "1-150".
  ///
  /// - Throws: `Failure(.usage)` if it is not such a list, or a value comes twice.
  package static func values(_ list: String, option: String) throws -> [Int] {
    var values: [Int] = []
    for part in list.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map {
        Int($0.trimmingCharacters(in: .whitespaces)).flatMap { (0...65_535).contains($0) ? $0 : nil }
      }
      guard let first = ends.first, let first, let last = ends.last, let last, ends.count <= 2, first <= last else {
        throw Failure(
          .usage, "\(option): '\(part)' is not a value",
          remedy: "give numbers of 0 to 65535, as in 0,255 or 1-150")
      }
      values += first...last
    }
    guard Set(values).count == values.count else {
      let double = values.enumerated().first { values[..<$0.offset].contains($0.element) }
      throw Failure(.usage, "\(option): the value \(double?.element ?? 0) comes twice", remedy: "give each value once")
    }
    return values
  }

  /// The values of `--ignore`: a list as of `values`, or "none" (also "-1", as shards have it).
  ///
  /// - Parameter negativesAreVoid: negative labels occur and are of no class anyway, so that to name one changes nothing.
  /// - Returns: nil: what holds where nothing is said.
  /// - Throws: `Failure(.usage)` if it is neither.
  package static func ignoredValues(_ text: String, negativesAreVoid: Bool = false) throws -> [Int]? {
    if negativesAreVoid {
      let others = text.split(separator: ",").filter { (Int($0.filter { $0 != " " }) ?? 0) >= 0 }
      if others.isEmpty { return nil }
      if text != "none" { return try values(others.joined(separator: ","), option: "--ignore") }
    }
    return ["none", "-1"].contains(text) ? [] : try values(text, option: "--ignore")
  }
}
