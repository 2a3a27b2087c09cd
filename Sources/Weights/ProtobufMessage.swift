import Basics

/// A message of protocol buffers in a file, field by field (https://protobuf.dev/programming-guides/encoding). Payloads
/// stay where they are: a weight file of half a gigabyte is one message, and a library would copy it.
struct ProtobufMessage {
  struct Field {
    let number: Int
    let value: Value
  }

  enum Value {
    case integer(UInt64)
    /// Of a length-delimited field.
    case bytes(Range<Int>)
    case fixed32(UInt32)
    case fixed64(UInt64)
  }

  let file: ByteFile
  let range: Range<Int>

  /// Calls `body` with each field in the file's order.
  ///
  /// - Throws: `Failure(.badData)` where the bytes are no message.
  func forEachField(_ body: (Field) throws -> Void) throws {
    var reader = Reader(file: file, position: range.lowerBound, end: range.upperBound)
    while reader.position < range.upperBound {
      let tag = try reader.varint()
      guard tag >> 3 != 0, tag >> 3 < 1 << 29 else { throw reader.damage }
      let value: Value
      switch tag & 7 {
      case 0: value = .integer(try reader.varint())
      case 1: value = .fixed64(try reader.fixed(8))
      case 2:
        let length = try reader.varint()
        guard length <= UInt64(range.upperBound - reader.position) else { throw reader.damage }
        value = .bytes(reader.position..<reader.position + Int(length))
        reader.position += Int(length)
      case 5: value = .fixed32(UInt32(truncatingIfNeeded: try reader.fixed(4)))
      default: throw reader.damage
      }
      try body(Field(number: Int(tag >> 3), value: value))
    }
  }

  func message(_ range: Range<Int>) -> ProtobufMessage { ProtobufMessage(file: file, range: range) }

  func text(_ range: Range<Int>) throws -> String {
    guard range.count <= 1 << 16 else { throw file.failure("it has a name of \(range.count) bytes") }
    return String(decoding: try file.bytes(range), as: UTF8.self)
  }

  /// The integers of a repeated field, packed or not.
  func integers(_ value: Value) throws -> [Int] {
    switch value {
    case .integer(let number): return [Int(truncatingIfNeeded: number)]
    case .fixed32, .fixed64: throw file.failure("it is a damaged protocol buffer")
    case .bytes(let range):
      guard range.count <= 1 << 16 else { throw file.failure("it has a shape of \(range.count) bytes") }
      var reader = Reader(file: file, position: range.lowerBound, end: range.upperBound)
      var numbers: [Int] = []
      while reader.position < range.upperBound { numbers.append(Int(truncatingIfNeeded: try reader.varint())) }
      return numbers
    }
  }

  /// Reads ahead, so that a varint is no system call.
  private struct Reader {
    let file: ByteFile
    var position: Int
    let end: Int
    private var window: [UInt8] = []
    private var windowStart = 0

    init(file: ByteFile, position: Int, end: Int) {
      self.file = file
      self.position = position
      self.end = end
    }

    var damage: Failure { file.failure("it is a damaged protocol buffer (at byte \(position))") }

    private mutating func byte() throws -> UInt8 {
      guard position < end else { throw damage }
      if position < windowStart || position >= windowStart + window.count {
        window = try file.prefix(from: position, most: min(4096, end - position))
        windowStart = position
        guard !window.isEmpty else { throw damage }
      }
      defer { position += 1 }
      return window[position - windowStart]
    }

    mutating func varint() throws -> UInt64 {
      var value: UInt64 = 0
      for shift in stride(from: UInt64(0), to: 70, by: 7) {
        let next = try byte()
        value |= UInt64(next & 0x7F) << shift
        if next < 128 { return value }
      }
      throw damage
    }

    mutating func fixed(_ size: Int) throws -> UInt64 {
      var value: UInt64 = 0
      for i in 0..<size { value |= UInt64(try byte()) << UInt64(8 * i) }
      return value
    }
  }
}
