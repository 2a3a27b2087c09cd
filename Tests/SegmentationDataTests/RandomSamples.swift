import Basics
import SegmentationData

/// Samples of small random images for tests.
enum RandomSamples {
  static let classCount = 5

  static func info(count: Int, channels: Int = 3, split: String = "train") -> DatasetInfo {
    DatasetInfo(
      split: split, classNames: (0..<classCount).map { "class \($0)" },
      palette: (0..<768).map { UInt8(truncatingIfNeeded: $0 &* 37) }, channels: channels, sampleCount: count)
  }

  /// Sizes differ from sample to sample.
  static func sample(_ index: Int, kind: PixelKind = .uint8, channels: Int = 3) -> RawSample {
    var random = Philox(seed: 11, purpose: .test, stream: UInt64(index))
    let height = 5 + Int(random.next(below: 9))
    let width = 5 + Int(random.next(below: 9))
    let count = height * width
    let pixels: SamplePixels =
      switch kind {
      case .uint8: .uint8((0..<count * channels).map { _ in UInt8(random.next(below: 256)) })
      case .uint16: .uint16((0..<count * channels).map { _ in UInt16(random.next(below: 65_536)) })
      case .float32: .float32((0..<count * channels).map { _ in random.next(in: -3...3) })
      }
    let labels = (0..<count).map { _ -> UInt16 in
      let value = UInt16(random.next(below: 6))
      return value == 5 ? 255 : value
    }
    return RawSample(
      key: "s\(index)", height: height, width: width, channels: channels, pixels: pixels, labels: labels)
  }

  @discardableResult
  static func write(
    _ count: Int, to folder: String, kind: PixelKind = .uint8, channels: Int = 3, shards: Int = 1,
    split: String = "train"
  ) throws -> Dataset {
    try DatasetWriter(folder: folder, shardCount: shards).write(
      info(count: count, channels: channels, split: split)
    ) { sample($0, kind: kind, channels: channels) }
    return try Dataset(folder: folder, split: split)
  }
}
