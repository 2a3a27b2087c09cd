import Basics
import Foundation

/// The safetensors format: uint64 length, a JSON table of names, types, shapes and offsets, then the bytes
/// (https://huggingface.co/docs/safetensors).
enum SafetensorsFile {
  private static let mostHeaderBytes = 32 << 20

  /// The header's length, if a file of `count` bytes can be of this format.
  static func headerLength(_ head: [UInt8], count: Int) -> Int? {
    guard head.count >= 9, head[8] == UInt8(ascii: "{") else { return nil }
    let length = head[0..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length >= 2, length <= UInt64(mostHeaderBytes), Int(length) <= count - 8 else { return nil }
    return Int(length)
  }

  /// - Returns: the tensors, and the texts that the header says of them all.
  static func read(_ file: ByteFile, headerLength: Int) throws -> (tensors: [SourceTensor], facts: [String: String]) {
    let data = Data(try file.bytes(8..<8 + headerLength))
    guard let table = try? JSONSerialization.jsonObject(with: data) as? [String: Any] else {
      throw file.failure("its header is no JSON object")
    }
    return (try tensors(file, table, headerLength), table["__metadata__"] as? [String: String] ?? [:])
  }

  private static func tensors(
    _ file: ByteFile, _ table: [String: Any], _ headerLength: Int
  ) throws -> [SourceTensor] {
    let start = 8 + headerLength
    return try table.keys.sorted().filter { $0 != "__metadata__" }.compactMap { name in
      guard let entry = table[name] as? [String: Any], let type = entry["dtype"] as? String,
        let shape = entry["shape"] as? [Int], let offsets = entry["data_offsets"] as? [Int], offsets.count == 2
      else { throw file.failure("its header says nothing usable of tensor '\(name)'") }
      let types: [String: NumberType] = ["F16": .float16, "BF16": .bfloat16, "F32": .float32, "F64": .float64]
      guard let number = types[type] else { return nil }
      guard let count = SourceTensor.count(shape), offsets[0] >= 0, offsets[0] <= offsets[1],
        offsets[1] <= file.count - start, offsets[1] - offsets[0] == count * number.byteCount
      else { throw file.failure("tensor '\(name)' of shape \(shape) is not at the bytes that its header says") }
      let range = start + offsets[0]..<start + offsets[1]
      return SourceTensor(name, shape: shape) { number.floats(try file.bytes(range)) }
    }
  }
}
