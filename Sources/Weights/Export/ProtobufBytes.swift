/// A message of protocol buffers under construction (https://protobuf.dev/programming-guides/encoding).
struct ProtobufBytes {
  private(set) var bytes: [UInt8] = []

  static func varint(_ value: Int) -> [UInt8] {
    var rest = UInt64(bitPattern: Int64(value))
    var bytes: [UInt8] = []
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  /// The tag and length of a field whose `count` bytes follow.
  static func head(_ field: Int, count: Int) -> [UInt8] { varint(field << 3 | 2) + varint(count) }

  mutating func integer(_ field: Int, _ value: Int) { bytes += Self.varint(field << 3) + Self.varint(value) }
  mutating func float(_ field: Int, _ value: Float) {
    bytes += Self.varint(field << 3 | 5)
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
  }
  mutating func text(_ field: Int, _ value: String) { data(field, Array(value.utf8)) }
  mutating func message(_ field: Int, _ build: (inout ProtobufBytes) -> Void) {
    var inner = ProtobufBytes()
    build(&inner)
    data(field, inner.bytes)
  }
  private mutating func data(_ field: Int, _ value: [UInt8]) { bytes += Self.head(field, count: value.count) + value }
}
