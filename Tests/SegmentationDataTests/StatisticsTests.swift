import Basics
import SegmentationData
import TestSupport
import Testing

@Suite struct StatisticsTests {
  private func write(_ samples: [RawSample], _ folder: TemporaryFolder, classes: Int, ignore: Int = 255) throws
    -> Dataset
  {
    let info = DatasetInfo(
      split: "train", classNames: (0..<classes).map { "\($0)" }, palette: Palette.voc, ignoreLabel: ignore,
      channels: samples[0].channels, sampleCount: samples.count)
    try DatasetWriter(folder: folder.path).write(info) { samples[$0] }
    return try Dataset(folder: folder.path, split: "train")
  }

  @Test func sharesAndWeightsAreThePublishedFormulas() throws {
    let folder = TemporaryFolder()
    func sample(_ key: String, _ labels: [UInt16]) -> RawSample {
      RawSample(
        key: key, height: 1, width: labels.count, channels: 1,
        pixels: .uint8(labels.indices.map { UInt8($0) }), labels: labels)
    }
    let dataset = try write(
      [sample("a", [0, 0, 0, 1, 255, 255]), sample("b", [0, 0, 2, 2])], folder, classes: 4)
    for threads in 1...3 {
      let statistics = try DatasetStatistics.compute(dataset, threads: threads)
      #expect(statistics.pixelCounts == [5, 1, 2, 0] && statistics.ignoredPixelCount == 2)
      #expect(statistics.imageCounts == [2, 1, 1, 0])
      #expect(statistics.pixelShares == [0.625, 0.125, 0.25, 0])
      // Frequencies 5/10, 1/6, 2/4; their median is 1/2.
      let expected: [Double] = [1, 3, 1, 1]
      for (weight, number) in zip(statistics.medianFrequencyWeights, expected) { #expect(abs(weight - number) < 1e-12) }
      let sizes = statistics.sizes.map { [$0.height, $0.width, $0.count] }
      #expect(sizes == [[1, 4, 1], [1, 6, 1]])
      // Values 0...5 and 0...3.
      #expect(abs(statistics.mean[0] - 2.1) < 1e-12)
      #expect(abs(statistics.standardDeviation[0] - 2.49.squareRoot()) < 1e-12)
    }
    let labelsAlone = try DatasetStatistics.compute(dataset, includingPixels: false)
    #expect(labelsAlone.mean.isEmpty && labelsAlone.pixelCounts == [5, 1, 2, 0])
  }

  @Test func anIgnoredClassIsNotCounted() throws {
    let folder = TemporaryFolder()
    let sample = RawSample(
      key: "a", height: 2, width: 2, channels: 2, pixels: .float32([1, -2, 3, -2, 5, -2, 7, -2]), labels: [0, 1, 1, 2])
    let statistics = try DatasetStatistics.compute(write([sample], folder, classes: 3, ignore: 0))
    #expect(statistics.pixelCounts == [0, 2, 1] && statistics.ignoredPixelCount == 1)
    #expect(statistics.mean == [4, -2] && abs(statistics.standardDeviation[0] - 5.squareRoot()) < 1e-12)
    #expect(statistics.normalisation == Normalisation(mean: [4, -2], std: [Float(5).squareRoot(), 1]))
  }

  /// Frequencies 4, 1 and 2 of 7 images: the median is 2.
  @Test func classesOfImagesAreWeightedByTheirShare() throws {
    let files = SourceFiles()
    for (name, count) in [("a", 4), ("b", 1), ("c", 2)] {
      for number in 0..<count { try files.writeImage("\(name)/\(number).png") }
    }
    try files.importing(.classes)
    let statistics = try DatasetStatistics.compute(try Dataset(folder: files.output, split: "train"))
    #expect(statistics.pixelCounts == [4, 1, 2])
    #expect(zip(statistics.medianFrequencyWeights, [0.5, 2, 1]).allSatisfy { abs($0 - $1) < 1e-12 })
  }
}
