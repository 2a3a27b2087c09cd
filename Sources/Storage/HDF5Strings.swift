import Basics
import CHDF5

extension HDF5Dataset {
  /// All strings in C order, of fixed or of variable length.
  ///
  /// - Throws: `Failure(.badData)` if the dataset holds something else or text that is not UTF-8.
  package func readStrings() throws -> [String] {
    guard type == .string else { throw Failure(.badData, "\(name) holds \(type.rawValue) values, not text") }
    return try use { dataset in
      try checkStorage()
      guard count > 0 else { return [] }
      let type = try HDF5Library.check(chdf5_dataset_type(dataset), .badData, "cannot read \(name)")
      defer { _ = chdf5_type_close(type) }
      return try StringReading(
        name: name, count: count, description: description,
        read: { chdf5_dataset_read(dataset, type, $0) }, reclaim: { chdf5_dataset_reclaim(dataset, type, $0) }
      ).strings()
    }
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
    return try use { dataset in
      try checkStorage()
      guard count > 0 else { return [] }
      let type = try HDF5Library.check(chdf5_dataset_type(dataset), .badData, "cannot read \(name)")
      defer { _ = chdf5_type_close(type) }
      return try StringReading.bytes(storedByteCount, name) { chdf5_dataset_read(dataset, type, $0) }
    }
  }
}

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
