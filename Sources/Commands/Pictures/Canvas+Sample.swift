import ImageFiles
import SegmentationData

extension Canvas {
  /// The image of a sample to look at: its first three channels as red, green and blue, or its only one as grey. Values
  /// that are not bytes are spread from their 2nd to their 98th percentile.
  init(_ sample: RawSample) {
    let count = sample.height * sample.width
    let shown = sample.channels >= 3 ? [0, 1, 2] : [0, 0, 0]
    var pixels = [UInt8](repeating: 0, count: 3 * count)
    if case .uint8(let values) = sample.pixels {
      for pixel in 0..<count {
        for place in 0..<3 { pixels[3 * pixel + place] = values[pixel * sample.channels + shown[place]] }
      }
    } else {
      for place in 0..<3 {
        let channel = (0..<count).map { sample.pixels[$0 * sample.channels + shown[place]] }
        let sorted = channel.sorted()
        let (low, high) = (sorted[count * 2 / 100], sorted[min(count - 1, count * 98 / 100)])
        let factor = high > low ? 255 / (high - low) : 0
        for pixel in 0..<count { pixels[3 * pixel + place] = UInt8(max(0, min(255, (channel[pixel] - low) * factor))) }
      }
    }
    self.init(width: sample.width, height: sample.height, pixels: pixels)
  }
}
