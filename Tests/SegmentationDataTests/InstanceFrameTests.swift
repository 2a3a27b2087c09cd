import Basics
import Detection
import SegmentationData
import Testing

/// Images are brought to the network's size with their instances.
@Suite struct InstanceFrameTests {
  /// Torchvision's sizes; of 1 ..< 3000 pixels 154 shorter sides become 799.
  @Test func sizesAreTorchvisions() {
    let frame = InstanceFrame(minSize: 800, maxSize: 1333)
    for (size, resized) in [
      ((480, 640), (800, 1066)), ((427, 640), (800, 1199)), ((1024, 2048), (666, 1333)), ((578, 700), (799, 968)),
      ((97, 97), (799, 799)), ((640, 480), (1066, 800)),
    ] {
      let own = frame.resized((height: size.0, width: size.1))
      #expect(own.height == resized.0 && own.width == resized.1, "\(size)")
    }
    #expect((1..<3000).count { frame.resized((height: $0, width: $0)).height == 799 } == 154)
  }

  private static let plain = Normalisation(mean: [0, 0, 0], std: [1, 1, 1])

  private static func apply(
    _ raw: RawSample, _ augmentation: AugmentationSettings = .none, key: UInt64 = 0, seed: UInt64 = 0
  ) -> Sample {
    SampleTransform(
      normalisation: plain, augmentation: augmentation, ignoreLabel: .max, seed: seed,
      frame: InstanceFrame(minSize: 40, maxSize: 61)
    ).apply(raw, SampleRequest(sample: 0, randomKey: key))
  }

  /// Bilinear with pixels' centres at halves, in float64, by the definition.
  private static func bilinear(_ raw: RawSample, height: Int, width: Int) -> [Double] {
    func axis(_ place: Int, _ old: Int, _ new: Int) -> (Int, Int, Double) {
      let exact = max(0, (Double(place) + 0.5) * Double(old) / Double(new) - 0.5)
      let low = min(old - 1, Int(exact))
      return (low, min(old - 1, low + 1), min(1, exact - Double(low)))
    }
    return (0..<height * width * 3).map { place in
      let (y, x, channel) = (place / 3 / width, place / 3 % width, place % 3)
      let (top, bottom, v) = axis(y, raw.height, height)
      let (left, right, u) = axis(x, raw.width, width)
      func value(_ row: Int, _ column: Int) -> Double { Double(raw.pixels[(row * raw.width + column) * 3 + channel]) }
      return (1 - v) * ((1 - u) * value(top, left) + u * value(top, right))
        + v * ((1 - u) * value(bottom, left) + u * value(bottom, right))
    }
  }

  @Test func imageBoxesAndMasksAreResizedAlike() throws {
    let raw = try InstanceSamples.sample(3)
    let sample = Self.apply(raw)
    let target = try #require(sample.target)
    let (height, width) = (target.height, target.width)
    #expect((height, width) == (38, 60) || (height, width) == (38, 61) || (height, width) == (39, 61))
    #expect(sample.height == 64 && sample.width == 64)
    let expected = Self.bilinear(raw, height: height, width: width)
    for y in 0..<64 {
      for x in 0..<64 {
        for channel in 0..<3 {
          let value = Double(sample.pixels[(y * 64 + x) * 3 + channel])
          let wanted = y < height && x < width ? expected[(y * width + x) * 3 + channel] : 0
          #expect(abs(value - wanted) < 1e-3)
        }
      }
    }
    let stored = try #require(raw.instances)
    // The third is a crowd, and nothing to learn from.
    #expect(target.boxes.count == 2 && target.classes == [1, 2] && sample.instances == stored)
    let (down, across) = (Float(height) / Float(raw.height), Float(width) / Float(raw.width))
    for (own, old) in zip(target.boxes, stored.boxes) {
      #expect(own == Box(old.x1 * across, old.y1 * down, old.x2 * across, old.y2 * down))
    }
    for (own, old) in zip(target.masks, stored.masks) {
      #expect(own == old.resized(height: height, width: width) && own.area > old.area)
    }
  }

  @Test func aFlipMirrorsImageBoxesAndMasks() throws {
    let raw = try InstanceSamples.sample(3)
    let (plain, flipped) = (Self.apply(raw), Self.apply(raw, AugmentationSettings(flip: 1)))
    let (one, other) = (try #require(plain.target), try #require(flipped.target))
    let (height, width) = (one.height, one.width)
    for y in 0..<height {
      for x in 0..<width {
        for channel in 0..<3 {
          let mirrored = flipped.pixels[(y * 64 + width - 1 - x) * 3 + channel]
          #expect(abs(plain.pixels[(y * 64 + x) * 3 + channel] - mirrored) < 1e-3)
        }
      }
    }
    for index in one.boxes.indices {
      #expect(abs(one.boxes[index].x1 + other.boxes[index].x2 - Float(width)) < 1e-4)
      #expect(one.boxes[index].y1 == other.boxes[index].y1)
      let (a, b) = (one.masks[index].bitmap(), other.masks[index].bitmap())
      #expect((0..<height * width).allSatisfy { a[$0] == b[$0 / width * width + width - 1 - $0 % width] })
    }
  }

  @Test func whatIsDrawnDependsOnSeedAndSampleAlone() throws {
    let raw = try InstanceSamples.sample(2)
    let settings = AugmentationSettings(flip: 0.5, scale: 0.5...1, color: 0.3)
    let all = (0..<20).map { Self.apply(raw, settings, key: UInt64($0)) }
    for (key, sample) in all.enumerated() {
      let again = Self.apply(raw, settings, key: UInt64(key))
      #expect(again.pixels == sample.pixels && again.target?.boxes == sample.target?.boxes)
      #expect(again.target?.masks == sample.target?.masks)
      let height = try #require(sample.target?.height)
      #expect((18...40).contains(height))
    }
    #expect(Set(all.map { $0.target?.height }).count > 5)
    #expect(Self.apply(raw, settings, key: 1, seed: 8).pixels != all[1].pixels)
  }
}
