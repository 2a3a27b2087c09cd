import Basics
import Regions

/// Images of the tests, and what is checked on their segments.
enum Scene {
  /// Four patches of grey under noise.
  static func noisy(width: Int, height: Int) -> LabImage {
    var pixels: [UInt8] = []
    let random = Philox(seed: 3, purpose: .test, stream: 1)
    for y in 0..<height {
      for x in 0..<width {
        let base = (x < width / 2 ? 40 : 130) + (y < height / 2 ? 0 : 60)
        let noise = random.block(at: UInt64(y * width + x))
        for channel in 0..<3 { pixels.append(UInt8(base + Int(noise[channel] % 16))) }
      }
    }
    return LabImage(width: width, height: height, pixels: pixels)
  }

  /// Connected parts by a flood fill: another computation than the module's.
  static func partCount(_ segments: Segments) -> Int {
    var isSeen = [Bool](repeating: false, count: segments.labels.count)
    var parts = 0
    for start in isSeen.indices where !isSeen[start] {
      parts += 1
      isSeen[start] = true
      var stack = [start]
      while let place = stack.popLast() {
        let (x, y) = (place % segments.width, place / segments.width)
        for (nextX, nextY) in [(x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1)]
        where nextX >= 0 && nextX < segments.width && nextY >= 0 && nextY < segments.height {
          let next = nextY * segments.width + nextX
          guard !isSeen[next], segments.labels[next] == segments.labels[place] else { continue }
          isSeen[next] = true
          stack.append(next)
        }
      }
    }
    return parts
  }
}
