import Basics
import Detection
import Testing

@Suite struct RegionAlignTests {
  /// The known 2 x 2 results on 0 ... 15 in a 4 x 4 map.
  @Test func smallCasesAreTorchvisions() {
    let map = (0..<16).map { Float($0) }
    func pooled(_ align: RegionAlign, _ box: Box) -> [Float] {
      var result = [Float](repeating: .nan, count: 4)
      align.forward(map, height: 4, width: 4, channels: 1, box: box, result: &result)
      return result
    }
    let box = Box(0, 0, 3, 3)
    #expect(pooled(RegionAlign(size: 2, scale: 1), box) == [3.75, 5.25, 9.75, 11.25])
    #expect(pooled(RegionAlign(size: 2, scale: 1, isAligned: true), box) == [1.5625, 3, 7.3125, 8.75])
    let adaptive = RegionAlign(size: 2, samples: nil, scale: 1)
    #expect(pooled(adaptive, Box(0.5, 0.25, 2, 3.5)) == [5.125, 5.875, 11.4375, 12.1875])
  }

  /// RoIAlign is linear: the gradient is right where <align(x), g> = <x, backward(g)> for random x and g. Memory ends at
  /// pages that nobody may touch, and boxes are of every kind.
  @Test func gradientsAreAdjointAndStayInTheirMemory() throws {
    var random = Philox(seed: 4, purpose: .test, stream: 2)
    let odd: [Float] = [.nan, .infinity, -.infinity, 1e30, -1e30, 0]
    for round in 0..<200 {
      let (height, width) = (1 + Int(random.next(below: 9)), 1 + Int(random.next(below: 9)))
      let channels = 1 + Int(random.next(below: 20))
      let align = RegionAlign(
        size: round % 2 == 0 ? 7 : 14, samples: round % 3 == 0 ? nil : 2, scale: 0.25, isAligned: round % 4 < 2)
      var corners = (0..<4).map { _ in random.next(in: -12...48) }
      if round % 10 == 9 { corners[Int(random.next(below: 4))] = odd[Int(random.next(below: 6))] }
      let box = Box(corners[0], corners[1], corners[2], corners[3])
      let count = height * width * channels
      let resultCount = align.size * align.size * channels
      let (features, slope) = (try GuardedMemory(byteCount: 4 * count), try GuardedMemory(byteCount: 4 * count))
      let (output, gradient) = (
        try GuardedMemory(byteCount: 4 * resultCount), try GuardedMemory(byteCount: 4 * resultCount)
      )
      for i in 0..<count {
        features.floats[i] = random.next(in: -1...1)
        slope.floats[i] = 0
      }
      for i in 0..<resultCount { gradient.floats[i] = random.next(in: -1...1) }
      align.forward(
        features.floats, height: height, width: width, channels: channels, box: box, result: output.floats)
      align.backward(
        gradient.floats, height: height, width: width, channels: channels, box: box, part: 0..<channels,
        into: slope.floats)
      var (left, right, scale) = (0.0, 0.0, 1.0)
      for i in 0..<resultCount {
        left += Double(output.floats[i]) * Double(gradient.floats[i])
        scale += abs(Double(output.floats[i]) * Double(gradient.floats[i]))
      }
      for i in 0..<count { right += Double(features.floats[i]) * Double(slope.floats[i]) }
      #expect(abs(left - right) < 1e-5 * scale, "round \(round): \(left), \(right)")
    }
  }
}
