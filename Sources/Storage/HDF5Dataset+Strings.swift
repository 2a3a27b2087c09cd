import Basics
import CHDF5

extension HDF5Dataset {
  /// All strings in C order, of fixed or of variable length.
  ///
  /// - Throws: `Failure(.badData)` if the dataset holds something else or text that is not UTF-8.
  package func readStrings() throws -> [String] {
    guard type == .string else { throw Failure(.badData, "\(name) holds \(type.rawValue) values, not text") }
    try checkStorage()
    return count == 0 ? [] : try read { try $0.strings(of: $1) }
  }

  /// The only string of a scalar or one-element dataset.
  package func readString() throws -> String {
    let strings = try readStrings()
    guard strings.count == 1 else { throw Failure(.badData, "\(name) holds \(strings.count) strings, not one") }
    return strings[0]
  }

  /// The strings of fixed length exactly as stored, for checksums; nil for strings of variable length.
  package func readStringBytes() throws -> [UInt8]? {
    guard type == .string, description.is_variable == 0 else { return nil }
    try checkStorage()
    return count == 0 ? [] : try read { try $0.stringBytes(of: $1) }
  }
}
