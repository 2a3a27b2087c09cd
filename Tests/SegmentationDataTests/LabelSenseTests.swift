import Basics
import SegmentationData
import TestSupport
import Testing

/// Labels that nobody should train on without being told.
@Suite struct LabelSenseTests {
  private func counts(_ pixels: [Int], ignored: Int = 0, _ split: String = "train", names: [String]? = nil)
    -> LabelCounts
  {
    LabelCounts(
      split: split, classNames: names ?? pixels.indices.map { "class \($0)" }, pixelCounts: pixels,
      ignoredCount: ignored)
  }
  private let names = ["sky", "sea", "land"]

  @Test func goodLabelsAreNotSpokenOf() {
    #expect(LabelSense.warnings([counts([5, 6, 7], ignored: 3), counts([1, 1, 1], "val")]) == [])
  }

  @Test(arguments: [
    ([5, 0, 0], 3, "all labelled pixels are of one class, 'sky'"),
    ([5, 0, 2], 0, "no pixel of 'sea': this class cannot"),
    ([0, 0, 0], 9, "every pixel is of no class, so that nothing is learned"),
  ]) func namedClasses(pixels: [Int], ignored: Int, words: String) {
    let lines = LabelSense.warnings([counts(pixels, ignored: ignored, names: names)])
    #expect(lines.count == 1 && lines[0].contains(words) && lines[0].hasPrefix("split train: "), "\(lines)")
  }

  @Test func gapsAreSaid() {
    let lines = LabelSense.warnings([counts([0, 5, 6, 7])])
    #expect(lines.count == 1 && lines[0].contains("use 3 of the numbers 0 to 3 (1, 2, 3)"), "\(lines)")
    var grey = [Int](repeating: 0, count: 129)
    (grey[0], grey[64], grey[128]) = (10, 20, 30)
    #expect(LabelSense.warnings([counts(grey)])[0].contains("use 3 of the numbers 0 to 128 (0, 64, 128)"))
  }

  /// Two values and those that JPEG makes around them.
  @Test func noiseIsSaid() {
    var pixels = [Int](repeating: 0, count: 256)
    for value in 0..<8 { (pixels[value], pixels[248 + value]) = (value == 0 ? 50_000 : 20, value == 7 ? 40_000 : 20) }
    let lines = LabelSense.warnings([counts(pixels)])
    #expect(
      lines.contains { $0.contains("14 of 16 classes have 280 pixels together: as when a mask went through JPEG") })
    #expect(LabelSense.warnings([counts([Int](repeating: 9, count: 100))])[0].contains("100 classes without names"))
  }

  @Test func splitsAreCompared() {
    let train = counts([5, 0, 6], names: names)
    let lines = LabelSense.warnings([train, counts([0, 4, 5], "val", names: names)])
    #expect(lines.count == 3)
    #expect(lines.contains { $0.hasPrefix("split val: 'sea' occurs here and never in train") })
    #expect(lines.contains { $0.hasPrefix("split val: no pixel of 'sky': this class is not measured") })
    let void = LabelSense.warnings([
      counts([1, 2, 3], names: names), counts([0, 0, 0], ignored: 4, "val", names: names),
    ])
    #expect(void.count == 1 && void[0].contains("split val: every pixel is of no class, so that nothing is counted"))
  }

  @Test(.enabled(if: Python.hasH5py)) func wrongCountsAreFound() throws {
    let folder = TemporaryFolder()
    let dataset = try RandomSamples.write(4, to: folder.path)
    #expect(try DatasetVerification.run(folder.path).isIntact)
    try Python.run(
      "import sys, h5py\nwith h5py.File(sys.argv[1], 'a') as f: f['pixel_counts'][2] += 1", dataset.shardPaths[0])
    let report = try DatasetVerification.run(folder.path)
    #expect(report.problems.count == 1 && report.problems[0].message.contains("state other pixel_counts"), "\(report)")
  }

  /// A shard states its counts; h5py reads them, and a reader that lacks them counts itself.
  @Test(.enabled(if: Python.hasH5py)) func shardsStateTheirCounts() throws {
    let folder = TemporaryFolder()
    let dataset = try RandomSamples.write(9, to: folder.path, shards: 3)
    let stated = try #require(dataset.statedLabelCounts)
    #expect(stated == LabelCounts(dataset.info, try DatasetStatistics.compute(dataset, includingPixels: false)))
    #expect(stated.ignoredCount > 0)
    let sums = try Python.run(
      """
      import sys, h5py, numpy as np
      total = np.zeros(6, np.int64)
      for path in sys.argv[1:]:
          with h5py.File(path) as f:
              labels = np.concatenate([f['labels'][k][()].ravel() for k in f['labels']])
              own = [int((labels == c).sum()) for c in [0, 1, 2, 3, 4, 255]]
              assert f['pixel_counts'][()].tolist() == own
              total += own
      print(*total)
      """, dataset.shardPaths[0], dataset.shardPaths[1], dataset.shardPaths[2])
    #expect(
      sums.split(separator: " ").compactMap { Int($0.filter(\.isNumber)) } == stated.pixelCounts + [stated.ignoredCount]
    )
  }
}
