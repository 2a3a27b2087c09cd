/// JSON for output, with the keys in the order they are given.
package indirect enum JSONText: Sendable {
  case text(String)
  case integer(Int64)
  /// A number that is not finite, or none, is written as null: JSON has no word for it.
  case number(Double?)
  case list([JSONText])
  case object([(String, JSONText)])

  /// On one line.
  package var line: String {
    switch self {
    case .text(let text): Self.quoted(text)
    case .integer(let value): "\(value)"
    case .number(let value): value.flatMap { $0.isFinite ? "\($0)" : nil } ?? "null"
    case .list(let elements): "[" + elements.map(\.line).joined(separator: ", ") + "]"
    case .object(let members):
      "{" + members.map { "\(Self.quoted($0.0)): \($0.1.line)" }.joined(separator: ", ") + "}"
    }
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      default:
        if scalar.value < 32 || scalar.value == 0x2028 || scalar.value == 0x2029 {
          let digits = String(scalar.value, radix: 16)
          result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        } else {
          result.unicodeScalars.append(scalar)
        }
      }
    }
    return result + "\""
  }
}
