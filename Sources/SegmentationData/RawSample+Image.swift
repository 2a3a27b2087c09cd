import Basics
import ImageFiles

extension RawSample {
  /// A sample of an image file's pixels. Grey becomes equal red, green and blue where three channels are wanted; an alpha
  /// channel that is not wanted is dropped.
  ///
  /// - Parameters:
  ///   - channels: those that are wanted.
  ///   - name: what messages call the image.
  package init(
    _ image: Image, key: String, labels: [UInt16], task: VisionTask = .semantic, channels: Int, name: String
  ) throws {
    let resolved = image.resolvingPalette()
    let pixels =
      switch resolved.pixels {
      case .uint8(let values):
        SamplePixels.uint8(try Self.converted(values, from: resolved.channels, to: channels, name))
      case .uint16(let values):
        SamplePixels.uint16(try Self.converted(values, from: resolved.channels, to: channels, name))
      case .float32(let values):
        SamplePixels.float32(try Self.converted(values, from: resolved.channels, to: channels, name))
      }
    self.init(
      key: key, height: image.height, width: image.width, channels: channels, pixels: pixels, labels: labels,
      task: task)
  }

  private static func converted<Value>(
    _ values: [Value], from have: Int, to want: Int, _ name: String
  ) throws -> [Value] {
    switch (have, want) {
    case _ where have == want: return values
    case (1, 3), (2, 3):
      return stride(from: 0, to: values.count, by: have).flatMap { repeatElement(values[$0], count: 3) }
    case (2, 1): return stride(from: 0, to: values.count, by: 2).map { values[$0] }
    case (4, 3): return values.indices.lazy.filter { $0 % 4 != 3 }.map { values[$0] }
    default: throw Failure(.badData, "\(name) has \(have) channels, \(want) are wanted")
    }
  }
}
