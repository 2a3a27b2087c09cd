import Basics

/// What the values or the colours of label files mean: a class, or nothing.
struct LabelTable: Equatable, Sendable {
  /// What a pixel of a label file can be.
  enum Key: Hashable, Sendable {
    case value(UInt16)
    /// 0xRRGGBB
    case colour(UInt32)
    /// A pixel whose alpha is 0.
    case transparent
    /// All that has no line of its own.
    case others
  }

  enum Meaning: Equatable, Sendable {
    case label(Int)
    case ignored
  }

  private(set) var classNames: [String] = []
  private(set) var meanings: [Key: Meaning] = [:]
  /// The first colour of each class; nil where it has none.
  private(set) var colours: [UInt32?] = []

  /// Begins with `classNames`, if there are some: then no others may come.
  init(classNames: [String] = []) {
    self.classNames = classNames
    colours = classNames.map { _ in nil }
  }

  var hasColours: Bool { meanings.keys.contains { if case .colour = $0 { true } else { false } } }
  var hasValues: Bool { meanings.keys.contains { if case .value = $0 { true } else { false } } }

  /// Says what `key` is; equal names are one class.
  ///
  /// - Parameter name: nil: of no class.
  /// - Returns: false if the key has a meaning already.
  mutating func add(_ key: Key, _ name: String?) -> Bool {
    guard meanings[key] == nil else { return false }
    guard let name else {
      meanings[key] = .ignored
      return true
    }
    let label = classNames.firstIndex(of: name) ?? classNames.count
    if label == classNames.count {
      classNames.append(name)
      colours.append(nil)
    }
    if case .colour(let colour) = key { colours[label] = colours[label] ?? colour }
    meanings[key] = .label(label)
    return true
  }

  /// Names the classes anew, in their order.
  mutating func rename(_ names: [String]) { classNames = names }

  /// The colours as a dataset has them: those of the table where it has one for each class.
  var palette: [UInt8]? {
    let known = colours.compactMap { $0 }
    guard known.count == classNames.count, !known.isEmpty, known.count <= 256 else { return nil }
    return Palette.padded(known.flatMap { [UInt8($0 >> 16 & 255), UInt8($0 >> 8 & 255), UInt8($0 & 255)] })
  }

  /// "64, 128, 192"
  static func text(_ colour: UInt32) -> String { "\(colour >> 16 & 255), \(colour >> 8 & 255), \(colour & 255)" }
}
