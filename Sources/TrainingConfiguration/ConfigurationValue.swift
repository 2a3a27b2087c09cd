import Basics
import Yams

/// A value of a configuration as it was written, with where it stands, and what it may be read as.
struct ConfigurationValue {
  /// The key, for example "optimizer.learning_rate".
  let key: String
  let node: Node
  /// Where it stands, for example "fcn-dist.yaml:12" or "--set".
  let origin: String

  func failure(expected: String, remedy: String? = nil) -> Failure {
    Failure(.configuration, "\(origin): \(key) must be \(expected), found \(found)", remedy: remedy)
  }

  /// What was written, short enough for a message.
  private var found: String {
    switch node {
    case .scalar(let scalar):
      if isQuoted { return "the text \"\(Self.shortened(scalar.string))\"" }
      return scalar.string.isEmpty ? "nothing" : Self.shortened(scalar.string)
    case .sequence(let sequence): return "a list of \(sequence.count)"
    case .mapping: return "a section with keys of its own"
    case .alias: return "an alias"
    }
  }

  private static func shortened(_ text: String) -> String {
    let line = String(text.unicodeScalars.map { $0.value < 32 ? " " : Character($0) })
    return line.count > 60 ? line.prefix(57) + "…" : line
  }

  private var isQuoted: Bool {
    guard case .scalar(let scalar) = node else { return false }
    return scalar.style == .singleQuoted || scalar.style == .doubleQuoted
  }

  /// The text of a scalar without quotes.
  var plainText: String? {
    guard case .scalar(let scalar) = node, !isQuoted else { return nil }
    return scalar.string
  }

  /// The text of a scalar, with or without quotes: for words that can be nothing else. JSON knows them only in quotes.
  var word: String? {
    guard case .scalar(let scalar) = node else { return nil }
    return scalar.string
  }

  /// Is it one of the words for "nothing", or `word`? Where any text may stand, only what is without quotes counts.
  func isAbsent(orWord word: String, amongTexts: Bool = false) -> Bool {
    if let text = plainText { return ["", "~", "null", "none", word].contains(text) }
    return !amongTexts && isQuoted && ["none", word].contains(self.word)
  }

  func text() throws -> String {
    guard case .scalar(let scalar) = node else { throw failure(expected: "a text") }
    return scalar.string
  }

  func integer(in range: ClosedRange<Int>, or alternative: String? = nil) throws -> Int {
    let words = "a whole number in \(range.lowerBound) … \(range.upperBound)" + (alternative.map { " or \($0)" } ?? "")
    guard let text = plainText, let value = Int(text), range.contains(value) else { throw failure(expected: words) }
    return value
  }

  func number(in range: NumberRange, or alternative: String? = nil) throws -> Double {
    let words = "\(range.description)" + (alternative.map { " or \($0)" } ?? "")
    guard let text = plainText, let value = Double(text), range.contains(value) else { throw failure(expected: words) }
    return value
  }

  func boolean() throws -> Bool {
    switch plainText {
    case "true": return true
    case "false": return false
    default: throw failure(expected: "true or false")
    }
  }

  func choice<Value: RawRepresentable & CaseIterable>(of type: Value.Type) throws -> Value
  where Value.RawValue == String {
    let names = Value.allCases.map(\.rawValue)
    guard let text = word, let value = Value(rawValue: text) else { throw unknownWord(of: names) }
    return value
  }

  /// The failure for a word that is none of `words`, naming the nearest of them.
  func unknownWord(of words: [String], or alternative: String? = nil) -> Failure {
    let nearest = word.flatMap { Spelling.nearest(to: $0, among: words) }
    let all = (words + (alternative.map { [$0] } ?? [])).joined(separator: " | ")
    return failure(expected: all, remedy: nearest.map { "did you mean \($0)?" })
  }

  func list(of noun: String) throws -> [ConfigurationValue] {
    guard case .sequence(let sequence) = node else { throw failure(expected: "a list of \(noun)") }
    return sequence.enumerated().map { index, element in
      ConfigurationValue(key: "\(key)[\(index)]", node: element, origin: origin)
    }
  }
}

/// The numbers that a key may have. Infinities and NaN are never among them.
struct NumberRange: CustomStringConvertible, Sendable {
  let description: String
  private let isMember: @Sendable (Double) -> Bool

  func contains(_ value: Double) -> Bool { value.isFinite && isMember(value) }

  static let any = NumberRange(description: "a finite number") { _ in true }
  static let positive = NumberRange(description: "a finite number above 0") { $0 > 0 }
  static let notNegative = NumberRange(description: "a finite number, not below 0") { $0 >= 0 }
  static let fraction = NumberRange(description: "a number in 0 … 1") { $0 >= 0 && $0 <= 1 }
  static let fractionBelowOne = NumberRange(description: "a number from 0 to below 1") { $0 >= 0 && $0 < 1 }

  private init(description: String, isMember: @escaping @Sendable (Double) -> Bool) {
    self.description = description
    self.isMember = isMember
  }
}
