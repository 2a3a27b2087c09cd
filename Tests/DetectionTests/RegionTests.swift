import Basics
import Detection
import Testing

/// Numbers that torchvision gives, by hand-sized cases.
@Suite struct RegionTests {
  @Test func offsetsAreTorchvisions() {
    let (proposal, box) = (Box(10, 20, 50, 100), Box(12, 18, 60, 90))
    let offsets = BoxCoder.regions.encode(box, from: proposal)
    let expected: [Float] = [1.5, -0.75, 0.9116077839697729, -0.5268025782891315]
    for (value, reference) in zip([offsets.dx, offsets.dy, offsets.dw, offsets.dh], expected) {
      #expect(abs(value - reference) < 1e-6)
    }
    let back = BoxCoder.regions.decode(offsets, from: proposal)
    for (value, reference) in zip([back.x1, back.y1, back.x2, back.y2], [12, 18, 60, 90] as [Float]) {
      #expect(abs(value - reference) < 1e-4)
    }
    let large = BoxCoder.anchors.decode(.init(0, 0, 10, 4.2), from: Box(0, 0, 8, 8))
    #expect(abs(large.width - 500) < 1e-3 && abs(large.height - 500) < 1e-3)
  }

  @Test func matchesAreTorchvisions() {
    let truths = [Box(10, 10, 50, 50), Box(60, 60, 100, 100)]
    let boxes = [
      Box(10, 10, 50, 50), Box(12, 12, 52, 52), Box(0, 0, 30, 30), Box(55, 55, 90, 90), Box(70, 70, 130, 130),
      Box(200, 200, 240, 240),
    ]
    let anchors = Matcher(foreground: 0.7, background: 0.3, keepsBest: true)
    let regions = Matcher(foreground: 0.5, background: 0.5, keepsBest: false)
    #expect(anchors.matches(boxes: boxes, truths: truths) == [0, 0, -1, 1, -1, -1])
    #expect(regions.matches(boxes: boxes, truths: truths) == [0, 0, -1, -1, -1, -1])
    // Of equal overlaps the first instance's is taken.
    #expect(regions.matches(boxes: boxes, truths: [truths[0], truths[0]]) == [0, 0, -1, -1, -1, -1])
    #expect(anchors.matches(boxes: boxes, truths: []) == [-1, -1, -1, -1, -1, -1])
    #expect(anchors.matches(boxes: boxes, truths: [Box(300, 300, 310, 310)]) == [-1, -1, -1, -1, -1, -1])
  }

  @Test func suppressionIsTorchvisions() {
    let boxes = [Box(0, 0, 10, 10), Box(1, 1, 11, 11), Box(0, 0, 10, 10), Box(20, 20, 30, 30)]
    let scores: [Float] = [0.9, 0.8, 0.9, 0.7]
    #expect(Suppression.kept(boxes, scores: scores, threshold: 0.5) == [0, 3])
    #expect(Suppression.kept(boxes, scores: scores, threshold: 0.9) == [0, 1, 3])
    #expect(Suppression.kept(boxes, scores: scores, groups: [0, 1, 1, 0], threshold: 0.5) == [0, 2, 3])
    // An overlap that is exactly the threshold is none.
    let halves = [Box(0, 0, 2, 1), Box(0, 0, 1, 1)]
    #expect(Suppression.kept(halves, scores: [1, 0], threshold: 0.5) == [0, 1])
    #expect(Suppression.kept([], scores: [], threshold: 0.5) == [])
  }

  @Test func rankingIsATotalOrder() {
    #expect(Ranking.descending([1, -.infinity, 3, .nan, 3, -0.0, 0, -2, .infinity]) == [8, 2, 4, 0, 5, 6, 7, 1, 3])
    var random = Philox(seed: 1, purpose: .test, stream: 5)
    let scores = (0..<5000).map { _ in Float(random.next(below: 300)) - 150 }
    let sorted = scores.indices.sorted { scores[$0] != scores[$1] ? scores[$0] > scores[$1] : $0 < $1 }
    for count in [0, 1, 17, 1000, 4999, 5000, 9000] {
      let best = scores.withUnsafeBufferPointer { Ranking.best(count, of: $0) }
      #expect(best == Array(sorted.prefix(count)))
    }
  }

  @Test func levelsAreTorchvisions() {
    for (side, level) in [(0, 2), (111.99, 2), (112, 3), (223.9, 3), (224, 4), (447.9, 4), (448, 5), (5000, 5)] {
      #expect(PyramidLevel.level(of: Box(3, 3, 3 + Float(side), 3 + Float(side))) == level, "\(side)")
    }
    #expect(PyramidLevel.level(of: Box(.nan, 0, 1, 1)) == 2)
  }

  @Test func anchorsAreRoundedAndStridesComputed() {
    let grid = AnchorGrid(
      size: 32, ratios: [0.5, 1, 2], rows: 13, columns: 21, canvasHeight: 800, canvasWidth: 1344)
    #expect(grid.cell == [Box(-23, -11, 23, 11), Box(-16, -16, 16, 16), Box(-11, -23, 11, 23)])
    #expect((grid.rowStride, grid.columnStride) == (61, 64))
    #expect(grid[3 * 22 + 1] == Box(64 - 16, 61 - 16, 64 + 16, 61 + 16))
    let large = AnchorGrid(size: 512, ratios: [0.5, 1, 2], rows: 1, columns: 1, canvasHeight: 64, canvasWidth: 64)
    #expect(large.cell == [Box(-362, -181, 362, 181), Box(-256, -256, 256, 256), Box(-181, -362, 181, 362)])
  }

  @Test func maskTargetsAreTorchvisions() {
    var mask = [UInt8](repeating: 0, count: 64)
    for y in 2...5 { for x in 3...6 { mask[y * 8 + x] = 1 } }
    let target = Self.target(mask, 8, 8, Box(2, 1, 7, 7), size: 4)
    let expected: [Float] = [
      0.4296875, 0.6875, 0.6875, 0.4296875, 0.625, 1, 1, 0.625, 0.5859375, 0.9375, 0.9375, 0.5859375, 0.0390625,
      0.0625, 0.0625, 0.0390625,
    ]
    #expect(target == expected)
    // Whatever the box, nothing is reached that is not there.
    for box in [Box(-1e9, 0, 1e9, 4), Box(.nan, .nan, .nan, .nan), Box(9, 9, 3, 3), Box(.infinity, 0, 1, 1)] {
      #expect(Self.target(mask, 8, 8, box, size: 4).allSatisfy { $0 >= 0 && $0 <= 1 })
    }
  }

  static func target(_ mask: [UInt8], _ height: Int, _ width: Int, _ box: Box, size: Int) -> [Float] {
    var result = [Float](repeating: .nan, count: size * size)
    mask.withUnsafeBufferPointer { mask in
      result.withUnsafeMutableBufferPointer {
        MaskTarget.fill($0, size: size, mask: mask, height: height, width: width, box: box)
      }
    }
    return result
  }

  @Test func pastedMasksAreTorchvisions() throws {
    let map: [Float] = [1, 0, 0, 1]
    let pasting = try map.withUnsafeBufferPointer { try MaskPasting($0, size: 2, box: Box(1.3, 0.6, 4.7, 4.19)) }
    let values = pasting.probabilities(imageHeight: 6, imageWidth: 7)
    let expected: [[Float]] = [
      [0, 0.127551, 0.331633, 0.178571, 0, 0, 0], [0, 0.331633, 0.862245, 0.464286, 0, 0, 0],
      [0, 0.178571, 0.464286, 0.5, 0.464286, 0.178571, 0],
    ]
    for (y, row) in expected.enumerated() {
      for (x, reference) in row.enumerated() { #expect(abs(values[y * 7 + x] - reference) < 1e-5, "\(y), \(x)") }
    }
    #expect(throws: Failure.self) {
      try map.withUnsafeBufferPointer { try MaskPasting($0, size: 2, box: Box(0, 0, .nan, 1)) }
    }
    for box in [Box(-9, -9, -5, -5), Box(-3, 2, 30, 5), Box(50, 1, 60, 9), Box(2, 2, 2, 2)] {
      let pasting = try map.withUnsafeBufferPointer { try MaskPasting($0, size: 2, box: box) }
      let bitmap = pasting.probabilities(imageHeight: 6, imageWidth: 7).map { $0 >= 0.5 ? 1 : 0 as UInt8 }
      #expect(try pasting.runs(imageHeight: 6, imageWidth: 7).bitmap() == bitmap)
    }
  }

  @Test func samplesDependOnTheirKeyAlone() {
    let matches = (0..<1000).map { Int32($0 % 5 == 0 ? 1 : $0 % 7 == 0 ? -2 : -1) }
    let sampler = RegionSampler(seed: 3, randomKey: 11)
    let choice = sampler.choose(matches, count: 256, positiveFraction: 0.5, regions: false)
    #expect(choice.positives.count == 128 && choice.negatives.count == 128)
    #expect(choice.positives == choice.positives.sorted() && Set(choice.positives).count == 128)
    #expect(choice.positives.allSatisfy { matches[$0] == 1 } && choice.negatives.allSatisfy { matches[$0] == -1 })
    for (seed, key) in [(3, 11), (3, 12), (4, 11)] as [(UInt64, UInt64)] {
      let again = RegionSampler(seed: seed, randomKey: key)
        .choose(matches, count: 256, positiveFraction: 0.5, regions: false)
      #expect((again == choice) == (seed == 3 && key == 11))
    }
    #expect(sampler.choose(matches, count: 256, positiveFraction: 0.5, regions: true) != choice)
    // What is missing of the positives is filled up with negatives; and all, where fewer are there.
    let few = sampler.choose([1, -1, -2, 0, -1], count: 512, positiveFraction: 0.25, regions: true)
    #expect(few == .init(positives: [0, 3], negatives: [1, 4]))
    // Every candidate has the same chance.
    var hits = [Int](repeating: 0, count: 20)
    for key in 0..<2000 {
      let one = RegionSampler(seed: 9, randomKey: UInt64(key))
        .choose([Int32](repeating: -1, count: 20), count: 5, positiveFraction: 0.5, regions: false)
      for index in one.negatives { hits[index] += 1 }
    }
    #expect(hits.allSatisfy { abs($0 - 500) < 100 }, "\(hits)")
  }
}
