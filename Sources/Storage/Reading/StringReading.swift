import Basics
import CHDF5

/// Reads the strings of a dataset or an attribute.
struct StringReading {
  let name: String
  let count: Int
  let description: chdf5_type_description
  let read: (UnsafeMutableRawPointer) -> Int32
  let reclaim: (UnsafeMutableRawPointer) -> Int32

  func strings() throws -> [String] {
    try description.is_variable != 0 ? variableStrings() : fixedStrings()
  }

  static func bytes(_ count: Int, _ name: String, _ read: (UnsafeMutableRawPointer) -> Int32) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      guard let base = buffer.baseAddress else { return }
      try HDF5Library.check(read(base), .badData, "\(name) is damaged")
      filled = count
    }
  }

  private func fixedStrings() throws -> [String] {
    let width = Int(description.size)
    let bytes = try Self.bytes(count * width, name, read)
    return try (0..<count).map { index in
      var text = bytes[index * width..<(index + 1) * width]
      if description.padding == Int32(CHDF5_PADDING_SPACE) {
        while text.last == UInt8(ascii: " ") { text.removeLast() }
      } else if let end = text.firstIndex(of: 0) {
        text = text[..<end]
      }
      return try validated(text, index)
    }
  }

  private func variableStrings() throws -> [String] {
    var pointers = [UnsafeMutablePointer<CChar>?](repeating: nil, count: count)
    return try pointers.withUnsafeMutableBytes { buffer in
      guard let base = buffer.baseAddress else { return [] }
      try HDF5Library.check(read(base), .badData, "\(name) is damaged")
      defer { _ = reclaim(base) }
      return try buffer.bindMemory(to: UnsafeMutablePointer<CChar>?.self).enumerated().map { index, pointer in
        guard let pointer else { return "" }
        return try validated(
          UnsafeBufferPointer(start: pointer, count: length(pointer)).map(UInt8.init(bitPattern:)), index)
      }
    }
  }

  private func length(_ text: UnsafePointer<CChar>) -> Int {
    var length = 0
    while text[length] != 0 { length += 1 }
    return length
  }

  private func validated(_ bytes: some Sequence<UInt8>, _ index: Int) throws -> String {
    guard let string = String(validating: bytes, as: UTF8.self) else {
      throw Failure(.badData, "\(name): string \(index) is not UTF-8")
    }
    return string
  }
}
