import Basics

/// A message must have the length that its receiver expects: anything else is a mistake of the program.
package enum MessageLength {
  /// Refuses a message of another length than its receiver expects.
  ///
  /// - Throws: `Failure(.internalError)` that names both ranks and both lengths, in bytes.
  package static func check(_ sent: Int, fits expected: Int, source: Int, destination: Int) throws {
    guard sent == expected else {
      throw Failure(
        .internalError,
        "rank \(destination) expected \(expected) bytes from rank \(source), which sent \(sent)")
    }
  }
}
