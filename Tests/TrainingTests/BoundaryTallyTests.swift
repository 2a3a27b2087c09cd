import Basics
import Collectives
import Foundation
import TestSupport
import Testing
import Training

@Suite struct BoundaryTallyTests {
  private static func tally(_ images: [(labels: [UInt16], predictions: [UInt16], height: Int, width: Int)])
    -> BoundaryTally
  {
    var tally = BoundaryTally(classCount: 3)
    for image in images { add(image, to: &tally) }
    return tally
  }

  private static func add(
    _ image: (labels: [UInt16], predictions: [UInt16], height: Int, width: Int), to tally: inout BoundaryTally
  ) {
    image.labels.withUnsafeBufferPointer { labels in
      image.predictions.withUnsafeBufferPointer {
        tally.accumulate(
          labels: labels, predictions: $0, height: image.height, width: image.width, ignoreLabel: 255)
      }
    }
  }

  /// Rows of a picture by their classes: "0", "1", "2", and "." for none.
  private static func rows(_ text: String...) -> [UInt16] {
    text.joined().map { $0 == "." ? 255 : UInt16($0.wholeNumberValue ?? 0) }
  }

  @Test func smallPicturesByHand() {
    let truth = Self.rows("0011", "0011", "0011")
    // The same is 1; another place by a pixel is 0, for the tolerance is less than one.
    #expect(Self.tally([(truth, truth, 3, 4)]).mean == 1)
    let moved = Self.tally([(truth, Self.rows("0111", "0111", "0111"), 3, 4)])
    #expect(moved.value(ofClass: 0) == 0 && moved.value(ofClass: 1) == 0 && moved.value(ofClass: 2) == nil)
    // Class 0: three true pixels, all found; five predicted ones, of which three are right.
    let more = Self.tally([(truth, Self.rows("0011", "0011", "0010"), 3, 4)])
    #expect(abs((more.value(ofClass: 0) ?? 0) - 6.0 / 7) < 1e-11)
    // No outline, nothing to meet.
    let flat = Self.tally([(Self.rows("11", "11"), Self.rows("01", "10"), 2, 2)])
    #expect(flat.mean == nil && flat.value(ofClass: 1) == nil)
    // A class that is not predicted at all.
    let missed = Self.tally([(truth, Self.rows("0000", "0000", "0000"), 3, 4)])
    #expect(missed.mean == 0 && missed.imageCount(ofClass: 1) == 1)
  }

  @Test func whatIsSaidOfPixelsWithoutClassDoesNotMatter() {
    let truth = Self.rows("00..11", "00..11", "00..11")
    for said in [Self.rows("000111", "000111", "000111"), Self.rows("002211", "000211", "002011")] {
      #expect(Self.tally([(truth, said, 3, 6)]).mean == 1)
    }
  }

  /// Blobs, moved and with noise.
  private static func image(_ number: Int) -> (labels: [UInt16], predictions: [UInt16], height: Int, width: Int) {
    var random = Philox(seed: 3, purpose: .test, stream: UInt64(number))
    let (height, width) = (60 + Int(random.next(below: 160)), 60 + Int(random.next(below: 200)))
    var discs: [(y: Double, x: Double, radius: Double, label: UInt16)] = []
    for _ in 0..<6 {
      discs.append(
        (
          Double(random.next(in: 0...Float(height))), Double(random.next(in: 0...Float(width))),
          Double(random.next(in: 4...40)), UInt16(random.next(below: 3))
        ))
    }
    let move = (Double(random.next(in: -3...3)), Double(random.next(in: -3...3)))
    var (labels, predictions): ([UInt16], [UInt16]) = ([], [])
    for y in 0..<height {
      for x in 0..<width {
        func label(_ y: Double, _ x: Double) -> UInt16 {
          discs.last { ($0.y - y) * ($0.y - y) + ($0.x - x) * ($0.x - x) < $0.radius * $0.radius }?.label ?? 0
        }
        labels.append(random.next(below: 50) == 0 ? 255 : label(Double(y), Double(x)))
        let said = label(Double(y) + move.0, Double(x) + move.1)
        predictions.append(random.next(below: 200) == 0 ? UInt16(random.next(below: 3)) : said)
      }
    }
    return (labels, predictions, height, width)
  }

  @Test func anyShareOfTheImagesGivesTheSameBits() throws {
    let images = (0..<7).map(Self.image)
    let whole = Self.tally(images)
    for ranks in 1...4 {
      let tallies = try ThreadProcessGroup.run(ranks: ranks) { group in
        var tally = BoundaryTally(classCount: 3)
        for index in images.indices where index % group.size == group.rank { Self.add(images[index], to: &tally) }
        try tally.allReduce(over: group)
        return tally
      }
      #expect(tallies.allSatisfy { $0 == whole }, "\(ranks)")
    }
  }

  /// The distance transform of SciPy, on the same images.
  @Test(.enabled(if: Python.hasSciPy, "needs python3 with scipy")) func equalsSciPy() throws {
    let folder = TemporaryFolder()
    let images = (0..<6).map(Self.image)
    for (number, image) in images.enumerated() {
      let header: [UInt16] = [UInt16(image.height), UInt16(image.width)]
      try (header + image.labels + image.predictions).withUnsafeBytes {
        try writeBytes(Array($0), to: folder.file("\(number)"))
      }
    }
    let lines = try Python.run(Self.script, folder.path, "\(images.count)").split(separator: "\n")
    let tally = Self.tally(images)
    let own = (0..<3).map { tally.value(ofClass: $0) ?? .nan } + [tally.mean ?? .nan]
    let expected = lines.map { Double($0) ?? .nan }
    #expect(expected.count == 4 && expected.allSatisfy { $0 > 0.3 && $0 < 0.99 }, "\(expected)")
    for (own, expected) in zip(own, expected) { #expect(abs(own - expected) < 1e-9, "\(own), \(expected)") }
  }

  private static let script = """
    import sys, numpy as np
    from scipy import ndimage
    folder, count = sys.argv[1], int(sys.argv[2])
    def edge(mask): return mask & ~ndimage.binary_erosion(mask, border_value=1)
    classes, whole = [[], [], []], []
    for number in range(count):
        data = np.fromfile(f'{folder}/{number}', dtype='<u2').astype(int)
        h, w = data[:2]
        truth, said = data[2:].reshape(2, h, w)
        void = truth == 255
        limit = 0.0075 * np.hypot(h, w)
        own = []
        for c in range(3):
            a, b = edge((truth == c) & ~void), edge((said == c) & ~void)
            if not a.any(): continue
            def near(x, y): return (ndimage.distance_transform_edt(~y)[x] < limit).mean() if x.any() and y.any() else 0.0
            p, r = near(b, a), near(a, b)
            f = 2 * p * r / (p + r) if p + r else 0.0
            classes[c].append(f); own.append(f)
        if own: whole.append(np.mean(own))
    for values in classes + [whole]: print(repr(float(np.mean(values))))
    """
}
