/// An error that a person can act on: what is wrong, where, and what to do. Its kind is the exit code (FORMATS.md
/// section 8).
package struct Failure: Error, Equatable, CustomStringConvertible {
  /// What went wrong; the raw value is the exit code of the program (docs/formats.md).
  package enum Kind: Int32, Sendable {
    case usage = 64
    case badData = 65
    case missingInput = 66
    case internalError = 70
    case cannotCreate = 73
    case inputOutput = 74
    case restart = 75
    case configuration = 78
  }

  package let kind: Kind
  /// What is wrong and where: file, key, pixel, rank.
  package let message: String
  /// What to do about it, where that is known.
  package let remedy: String?

  package init(_ kind: Kind, _ message: String, remedy: String? = nil) {
    self.kind = kind
    self.message = message
    self.remedy = remedy
  }

  package var exitCode: Int32 { kind.rawValue }
  /// Whether an input file is at fault, so that others may do better.
  package var isOfFile: Bool { kind == .badData || kind == .missingInput }
  package var description: String { remedy.map { "\(message); \($0)" } ?? message }
}
