import Basics
import Foundation

/// Text files as people have them: with or without a byte order mark, with any ends of lines.
package enum TextLines {
  /// All lines without the blanks around them; those that are empty too, so that the index is the line's number.
  ///
  /// - Throws: `Failure` that names the file.
  package static func read(_ path: String) throws -> [String] {
    var bytes = try FileBytes.read(path, limit: 1 << 28)
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
      bytes = try utf8(bytes, path)
    }
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
    guard let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
      throw Failure(.badData, "\(path) is not a text file", remedy: "store it as UTF-8")
    }
    return text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map {
      $0.trimmingCharacters(in: .whitespaces)
    }
  }

  /// Windows' editors write UTF-16.
  private static func utf8(_ bytes: [UInt8], _ path: String) throws -> [UInt8] {
    let isLittle = bytes[0] == 0xFF
    let units = stride(from: 2, to: bytes.count - 1, by: 2).map { (place: Int) -> UInt16 in
      let low = UInt16(bytes[isLittle ? place : place + 1])
      let high = UInt16(bytes[isLittle ? place + 1 : place])
      return high << 8 | low
    }
    guard let text = String(validating: units, as: UTF16.self) else {
      throw Failure(.badData, "\(path) is not a text file", remedy: "store it as UTF-8")
    }
    return Array(text.utf8)
  }
}
