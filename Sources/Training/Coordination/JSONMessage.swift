import Collectives
import Foundation

/// Values sent between ranks as JSON: small, and readable in a debugger at 2 a.m.
enum JSONMessage {
  static func send<T: Encodable>(_ value: T, to rank: Int, tag: Int, over group: any ProcessGroup) throws {
    let bytes = try JSONEncoder.exact.encode(value)
    var length = UInt64(bytes.count).littleEndian
    try withUnsafeBytes(of: &length) { try group.send($0, to: rank, tag: tag) }
    try bytes.withUnsafeBytes { try group.send($0, to: rank, tag: tag) }
  }

  static func receive<T: Decodable>(
    _ type: T.Type, from rank: Int, tag: Int, over group: any ProcessGroup
  ) throws -> T {
    var length: UInt64 = 0
    try withUnsafeMutableBytes(of: &length) { try group.receive($0, from: rank, tag: tag) }
    var bytes = [UInt8](repeating: 0, count: Int(UInt64(littleEndian: length)))
    try bytes.withUnsafeMutableBytes { try group.receive($0, from: rank, tag: tag) }
    return try JSONDecoder.exact.decode(type, from: Data(bytes))
  }

  /// - Important: Collective.
  static func broadcast<T: Codable>(_ value: T?, from root: Int, over group: any ProcessGroup) throws -> T {
    var bytes = group.rank == root ? [UInt8](try JSONEncoder.exact.encode(value)) : []
    var length = UInt64(bytes.count).littleEndian
    try withUnsafeMutableBytes(of: &length) { try group.broadcast($0, from: root) }
    if group.rank != root { bytes = [UInt8](repeating: 0, count: Int(UInt64(littleEndian: length))) }
    try bytes.withUnsafeMutableBytes { try group.broadcast($0, from: root) }
    return try JSONDecoder.exact.decode(T.self, from: Data(bytes))
  }
}

extension JSONEncoder {
  /// Keeps numbers that JSON has no words for.
  static var exact: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return encoder
  }
}

extension JSONDecoder {
  static var exact: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return decoder
  }
}
