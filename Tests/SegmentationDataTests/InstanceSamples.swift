import Basics
import Detection
import SegmentationData

/// Small images with rectangles on them: what a test knows of them it has computed itself.
enum InstanceSamples {
  static let classNames = ["background", "ball", "box"]

  static func info(count: Int) -> DatasetInfo {
    DatasetInfo(
      split: "train", task: .instances, classNames: classNames, palette: [UInt8](repeating: 9, count: 768),
      ignoreLabel: -1, sampleCount: count)
  }

  /// Sample 0 has none, sample 1 one, sample 2 two, and so on up to three; the last of three is a crowd.
  static func sample(_ index: Int) throws -> RawSample {
    let (height, width) = (20 + index, 30 + 2 * index)
    var instances = InstanceAnnotations()
    for number in 0..<index % 4 {
      let (x, y) = (3 * number + 1, 2 * number + index % 5)
      let (w, h) = (7 + number, 9 - number)
      instances.append(
        Box(Float(x), Float(y), Float(x + w) + 0.25, Float(y + h)), ofClass: UInt16(1 + number % 2),
        isCrowd: number == 2, try rectangle(x, y, w, h, height: height, width: width))
    }
    return RawSample(
      key: "sample-\(index)", height: height, width: width, channels: 3,
      pixels: .uint8((0..<height * width * 3).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ index) }), labels: [],
      task: .instances, instances: instances)
  }

  static func rectangle(_ x: Int, _ y: Int, _ w: Int, _ h: Int, height: Int, width: Int) throws -> RunLengths {
    var bitmap = [UInt8](repeating: 0, count: height * width)
    for row in y..<y + h { for column in x..<x + w { bitmap[row * width + column] = 1 } }
    return try bitmap.withUnsafeBufferPointer { try RunLengths(bitmap: $0, height: height, width: width) }
  }

  @discardableResult
  static func write(_ count: Int, to folder: String, shards: Int = 1) throws -> Dataset {
    try DatasetWriter(folder: folder, shardCount: shards).write(info(count: count)) { try sample($0) }
    return try Dataset(folder: folder, split: "train")
  }
}
