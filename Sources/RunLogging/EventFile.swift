import Basics
import Foundation

/// A TensorBoard event file: TFRecords (tensorflow/core/lib/io/record_writer.h) of Event messages
/// (tensorflow/core/util/event.proto). Of the messages only the fields of scalars are written.
package final class EventFile {
  private let file: AppendedFile

  /// Begins a new file in `folder`. TensorBoard drops what earlier files of the folder say about steps after `step`.
  package init(folder: String, continuingAfterStep step: Int, time: Double = Date().timeIntervalSince1970) throws {
    let process = ProcessInfo.processInfo
    let name = "events.out.tfevents.\(Int(time)).\(process.hostName).\(process.processIdentifier).\(step)"
    file = try AppendedFile(path: folder + "/" + name)
    var version = ProtobufMessage()
    version.append(field: 1, double: time)
    version.append(field: 3, bytes: Array("brain.Event:2".utf8))
    try append(version)
    // SessionLog with status START: everything from this step on is new.
    var session = ProtobufMessage()
    session.append(field: 1, integer: 1)
    var start = ProtobufMessage()
    start.append(field: 1, double: time)
    start.append(field: 2, integer: UInt64(step + 1))
    start.append(field: 7, bytes: session.bytes)
    try append(start)
  }

  /// Writes the values that are finite.
  package func append(
    _ scalars: [(tag: String, value: Double)], step: Int, time: Double = Date().timeIntervalSince1970
  ) throws {
    var summary = ProtobufMessage()
    for scalar in scalars where scalar.value.isFinite {
      var value = ProtobufMessage()
      value.append(field: 1, bytes: Array(scalar.tag.utf8))
      value.append(field: 2, float: Float(scalar.value))
      summary.append(field: 1, bytes: value.bytes)
    }
    var event = ProtobufMessage()
    event.append(field: 1, double: time)
    event.append(field: 2, integer: UInt64(step))
    event.append(field: 5, bytes: summary.bytes)
    try append(event)
  }

  private func append(_ event: ProtobufMessage) throws {
    var length = [UInt8]()
    length.append(littleEndian: UInt64(event.bytes.count))
    var record = length
    record.append(littleEndian: Self.maskedChecksum(length))
    record += event.bytes
    record.append(littleEndian: Self.maskedChecksum(event.bytes))
    try file.append(record)
  }

  /// The mask keeps the checksum of data that hold checksums meaningful (record_writer.h).
  private static func maskedChecksum(_ bytes: [UInt8]) -> UInt32 {
    let checksum = CRC32C.checksum(bytes)
    return (checksum >> 15 | checksum << 17) &+ 0xA282_EAD8
  }
}

/// The few kinds of protobuf fields that an event needs (protobuf.dev/programming-guides/encoding).
private struct ProtobufMessage {
  private(set) var bytes: [UInt8] = []

  mutating func append(field: Int, integer: UInt64) {
    append(variable: UInt64(field << 3))
    append(variable: integer)
  }

  mutating func append(field: Int, double: Double) {
    append(variable: UInt64(field << 3 | 1))
    bytes.append(littleEndian: double.bitPattern)
  }

  mutating func append(field: Int, bytes content: [UInt8]) {
    append(variable: UInt64(field << 3 | 2))
    append(variable: UInt64(content.count))
    bytes += content
  }

  mutating func append(field: Int, float: Float) {
    append(variable: UInt64(field << 3 | 5))
    bytes.append(littleEndian: float.bitPattern)
  }

  private mutating func append(variable value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}

extension [UInt8] {
  fileprivate mutating func append(littleEndian value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }
}
