import Basics
import Checkpoints
import Foundation

/// Parameters as a safetensors file: float32, called "conv1_1.weight", in the layouts of docs/formats.md section 1, which
/// are PyTorch's.
package enum SafetensorsExport {
  /// - Parameter metadata: texts by name, in the header's `__metadata__`.
  /// - Throws: `Failure(.cannotCreate)` where `path` is taken.
  package static func write(_ tensors: [CheckpointTensor], metadata: [String: String], to path: String) throws {
    var table: [String: Any] = ["__metadata__": metadata.merging(["format": "pt"]) { own, _ in own }]
    var offset = 0
    for tensor in tensors {
      let end = offset + 4 * tensor.count
      table[tensor.name.split(separator: "/").joined(separator: ".")] = [
        "dtype": "F32", "shape": tensor.shape, "data_offsets": [offset, end],
      ]
      offset = end
    }
    var header = Array(
      try JSONSerialization.data(withJSONObject: table, options: [.sortedKeys, .withoutEscapingSlashes]))
    // So that the numbers begin at a multiple of eight bytes, as the format recommends.
    header += [UInt8](repeating: UInt8(ascii: " "), count: (8 - header.count % 8) % 8)
    try WeightFileWriter.write(path) { file in
      try file.append(withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) } + header)
      for tensor in tensors { try tensor.withValues { try file.append($0) } }
    }
  }
}
