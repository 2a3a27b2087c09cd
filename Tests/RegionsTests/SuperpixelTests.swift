import Regions
import Testing

@Suite struct SuperpixelTests {
  @Test func labIsTheStandards() {
    // Values of the CIE formulas for sRGB and D65, by an independent computation.
    let image = LabImage(
      width: 4, height: 1, pixels: [255, 255, 255, 0, 0, 0, 255, 0, 0, 0, 0, 255])
    let expected: [(Float, Float, Float)] = [
      (100, 0, 0), (0, 0, 0), (53.24, 80.09, 67.20), (32.30, 79.19, -107.86),
    ]
    for (place, value) in expected.enumerated() {
      #expect(abs(image.lightness[place] - value.0) < 0.05)
      #expect(abs(image.a[place] - value.1) < 0.05)
      #expect(abs(image.b[place] - value.2) < 0.05)
    }
  }

  @Test func aUniformImageBecomesTheGrid() {
    let image = LabImage(width: 80, height: 60, pixels: [UInt8](repeating: 90, count: 80 * 60 * 3))
    let segments = Superpixels.segments(of: image, .init(count: 48))
    #expect(segments.count == 48)
    #expect(segments.sizes.allSatisfy { (70...130).contains($0) }, "\(segments.sizes)")
  }

  @Test func segmentsAreConnectedAndAsManyAsAsked() {
    let image = Scene.noisy(width: 120, height: 90)
    for count in [1, 30, 200] {
      let segments = Superpixels.segments(of: image, .init(count: count))
      #expect(Double(segments.count) > 0.5 * Double(count) && Double(segments.count) < 1.7 * Double(count) + 2)
      #expect(Scene.partCount(segments) == segments.count)
      #expect(Set(segments.labels) == Set(0..<Int32(segments.count)))
      let least = 120 * 90 / count / 5
      #expect(segments.sizes.allSatisfy { $0 >= least }, "\(segments.sizes.min() ?? 0) of \(least)")
      #expect(segments == Superpixels.segments(of: image, .init(count: count)))
    }
  }

  @Test func bordersFollowTheColours() {
    // Left dark, right bright, with the border where no grid has one.
    let width = 64
    let pixels = (0..<width * 48).flatMap { [UInt8](repeating: $0 % width < 37 ? 20 : 220, count: 3) }
    let segments = Superpixels.segments(of: LabImage(width: width, height: 48, pixels: pixels), .init(count: 24))
    var sides = [Set<Bool>](repeating: [], count: segments.count)
    for (place, label) in segments.labels.enumerated() { sides[Int(label)].insert(place % width < 37) }
    #expect(sides.allSatisfy { $0.count == 1 })
  }

  @Test func tinyImagesAndMoreSegmentsThanPixels() {
    for (width, height) in [(1, 1), (1, 7), (3, 2)] {
      let image = LabImage(
        width: width, height: height, pixels: (0..<3 * width * height).map { UInt8(truncatingIfNeeded: $0 * 37) })
      let segments = Superpixels.segments(of: image, .init(count: 100))
      #expect(segments.count == width * height && segments.labels.count == width * height)
    }
  }
}
