import Basics
import Storage

/// A shard of three samples a, b, c of 4 x 5 pixels with 1, 2 and 0 instances, array by array, to be damaged.
struct InstanceArrays {
  var offsets: [Int64] = [0, 1, 3, 3]
  var boxes: [Float] = [0, 0, 2, 5, 1, 1, 3, 3, 0, 0, 4, 5]
  var classes: [UInt16] = [1, 2, 1]
  var crowd: [UInt8] = [0, 0, 1]
  var runOffsets: [Int64] = [0, 3, 6, 8]
  var runs: [UInt32] = [0, 10, 10, 6, 2, 12, 0, 20]
  var checksums: [UInt32] = []
  var isWithoutGroup = false
  var isChunked = false
  private let keys = ["a", "b", "c"]
  private let pixels = [UInt8](repeating: 77, count: 4 * 5 * 3)

  /// Makes the checksums those of the arrays, as far as they go.
  mutating func sum() {
    checksums = keys.indices.flatMap { sample -> [UInt32] in
      let own =
        Int(offsets[sample])..<min(3, max(Int(offsets[sample]), Int(offsets[min(sample + 1, offsets.count - 1)])))
      func part<Value>(_ values: [Value], _ width: Int) -> [Value] {
        Array(values.dropFirst(width * own.lowerBound).prefix(width * own.count))
      }
      let first = Int(runOffsets[min(own.lowerBound, runOffsets.count - 1)])
      let ownRuns = Array(
        runs.dropFirst(first).prefix(max(0, Int(runOffsets[min(own.upperBound, runOffsets.count - 1)]) - first)))
      var sum = CRC32C.checksum(part(boxes, 4))
      sum = part(classes, 1).withUnsafeBytes { CRC32C.checksum($0, continuing: sum) }
      sum = part(crowd, 1).withUnsafeBytes { CRC32C.checksum($0, continuing: sum) }
      return [CRC32C.checksum(pixels), ownRuns.withUnsafeBytes { CRC32C.checksum($0, continuing: sum) }]
    }
  }

  func write(to path: String) throws {
    let file = try HDF5File.create(path)
    let root = file.root
    try root.setAttribute("format", "fcn-dist-dataset")
    try root.setAttribute("task", "instances")
    try root.setAttribute("split", "train")
    for (name, value) in [
      ("version", 1), ("shard", 0), ("shards", 1), ("classes", 3), ("ignore_label", 255), ("channels", 3),
      ("samples", 3),
    ] { try root.setAttribute(name, Int64(value)) }
    try root.writeStrings("class_names", ["background", "one", "two"])
    try root.write("palette", [UInt8](repeating: 1, count: 768), shape: [256, 3])
    try root.writeStrings("keys", keys)
    let images = try root.createGroup("images")
    for key in keys { try images.write(key, pixels, shape: [5, 4, 3]) }
    try root.write("crc32c", checksums, shape: [3, 2])
    if !isWithoutGroup {
      let group = try root.createGroup("instances")
      let options: DatasetOptions = isChunked ? .chunked() : .contiguous
      try group.write("offsets", offsets, shape: [offsets.count])
      try group.write("boxes", boxes, shape: [boxes.count / 4, 4], options: options)
      try group.write("classes", classes, shape: [classes.count])
      try group.write("crowd", crowd, shape: [crowd.count])
      try group.write("run_offsets", runOffsets, shape: [runOffsets.count])
      try group.write("runs", runs, shape: [runs.count])
    }
    try file.close()
  }
}
