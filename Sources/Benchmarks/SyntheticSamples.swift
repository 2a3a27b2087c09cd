import Basics
import Detection
import SegmentationData

/// Samples of noise, ready for the network: for measuring without data.
enum SyntheticSamples {
  /// Pixels of about unit variance; labels in blocks of 32 x 32.
  static func make(
    _ positions: Range<Int>, task: VisionTask, height: Int, width: Int, channels: Int, classes: Int
  ) -> [Sample] {
    positions.map { position in
      let pixels = (0..<height * width * channels).map { i in
        let random = Philox.mixed(UInt64(position) << 40 | UInt64(i))
        return Float(Int32(truncatingIfNeeded: random)) * 0x1p-31 * 1.7
      }
      let labels = (0..<(task == .semantic ? height * width : task == .classification ? 1 : 0)).map { i in
        UInt16((i / width / 32 * 7 + i % width / 32 * 3 + position) % classes)
      }
      return Sample(
        request: SampleRequest(sample: position, randomKey: UInt64(position)), key: "synthetic-\(position)",
        height: height, width: width, channels: channels, pixels: pixels, labels: labels,
        target: task == .instances ? target(position, height, width, classes) : nil)
    }
  }

  /// Four instances: rectangles of a third of the image's sides, each of which is its own mask.
  private static func target(_ position: Int, _ height: Int, _ width: Int, _ classes: Int) -> InstanceTarget? {
    let (tall, wide) = (max(1, height / 3), max(1, width / 3))
    let corners = [(0, 0), (height / 2, width / 5), (height / 5, width / 2), (height - tall, width - wide)]
    let masks = corners.compactMap { top, left in
      let first = left * height + top
      let runs = (0..<wide).flatMap { [$0 == 0 ? first : height - tall, tall] }
      let end = first + (wide - 1) * height + tall
      return try? RunLengths(height: height, width: width, counts: (runs + [height * width - end]).map(UInt32.init))
    }
    guard masks.count == corners.count, classes > 1 else { return nil }
    return InstanceTarget(
      height: height, width: width,
      boxes: corners.map { Box(Float($0.1), Float($0.0), Float($0.1 + wide), Float($0.0 + tall)) },
      classes: corners.indices.map { 1 + ($0 + position) % (classes - 1) }, masks: masks)
  }
}
