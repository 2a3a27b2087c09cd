import Basics
import CHDF5

/// Bytes that cross between a file's reader and who asks it: numbers as this machine has them, lists and texts after
/// their length.
struct MessageWriter {
  private(set) var bytes: [UInt8] = []

  mutating func put<T: FixedWidthInteger>(_ value: T) { withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) } }
  mutating func put(_ value: Double) { put(value.bitPattern) }
  mutating func put(_ value: Bool) { put(value ? 1 as UInt8 : 0) }

  mutating func put(_ text: String) {
    put(text.utf8.count)
    bytes.append(contentsOf: text.utf8)
  }

  mutating func put<Element>(_ list: [Element], _ putElement: (inout MessageWriter, Element) -> Void) {
    put(list.count)
    for element in list { putElement(&self, element) }
  }

  /// A structure of the shim: both sides are the same program.
  mutating func put(structure value: some BitwiseCopyable) {
    withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) }
  }
}

/// Takes a message apart. Nothing it says is believed: the process that sent it has read a hostile file.
struct MessageReader {
  struct Malformed: Error {}

  private var rest: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) { rest = bytes[...] }

  var isAtEnd: Bool { rest.isEmpty }

  private mutating func take(byteCount: Int) throws -> ArraySlice<UInt8> {
    guard byteCount >= 0, byteCount <= rest.count else { throw Malformed() }
    defer { rest = rest.dropFirst(byteCount) }
    return rest.prefix(byteCount)
  }

  mutating func integer<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type = T.self) throws -> T {
    try take(byteCount: MemoryLayout<T>.size).withUnsafeBytes { $0.loadUnaligned(as: T.self) }
  }

  mutating func real() throws -> Double { Double(bitPattern: try integer()) }
  mutating func flag() throws -> Bool { try integer(UInt8.self) != 0 }

  mutating func text() throws -> String {
    guard let text = String(validating: try take(byteCount: try integer()), as: UTF8.self) else { throw Malformed() }
    return text
  }

  mutating func list<Element>(_ takeElement: (inout MessageReader) throws -> Element) throws -> [Element] {
    let count: Int = try integer()
    // Every element has at least a byte.
    guard count >= 0, count <= rest.count else { throw Malformed() }
    return try (0..<count).map { _ in try takeElement(&self) }
  }

  mutating func typeDescription() throws -> chdf5_type_description {
    try take(byteCount: MemoryLayout<chdf5_type_description>.size).withUnsafeBytes {
      $0.loadUnaligned(as: chdf5_type_description.self)
    }
  }

  mutating func storageDescription() throws -> chdf5_storage_description {
    try take(byteCount: MemoryLayout<chdf5_storage_description>.size).withUnsafeBytes {
      $0.loadUnaligned(as: chdf5_storage_description.self)
    }
  }

  mutating func remainingBytes() -> [UInt8] {
    defer { rest = [] }
    return Array(rest)
  }
}
