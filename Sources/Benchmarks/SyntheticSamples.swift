import Basics
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
      let labels = (0..<(task == .semantic ? height * width : 1)).map { i in
        UInt16((i / width / 32 * 7 + i % width / 32 * 3 + position) % classes)
      }
      return Sample(
        request: SampleRequest(sample: position, randomKey: UInt64(position)), key: "synthetic-\(position)",
        height: height, width: width, channels: channels, pixels: pixels, labels: labels)
    }
  }
}
