import Basics
import SegmentationData
import TestSupport
import Testing

@Suite struct SynthesisTests {
  @Test func scenesAreAFunctionOfSeedSplitAndNumber() {
    let settings = SynthesisSettings(height: 40, width: 60)
    let scene = SceneSynthesis.scene(3, of: "train", settings)
    let again = SceneSynthesis.scene(3, of: "train", settings)
    #expect(scene.pixels == again.pixels && scene.labels == again.labels && scene.key == "scene-00003")
    #expect(scene.height == 40 && scene.width == 60 && scene.channels == 3)
    #expect(SceneSynthesis.scene(3, of: "val", settings).pixels != scene.pixels)
    #expect(SceneSynthesis.scene(4, of: "train", settings).pixels != scene.pixels)
    let other = SynthesisSettings(height: 40, width: 60, seed: 2)
    #expect(SceneSynthesis.scene(3, of: "train", other).pixels != scene.pixels)
  }

  /// The bytes are part of the promise: runs on the built-in dataset are compared between machines.
  @Test func scenesAreTheSameOnEveryMachine() {
    let scene = SceneSynthesis.scene(0, of: "train", SynthesisSettings())
    #expect(scene.pixels.withUnsafeBytes { CRC32C.checksum($0) } == 3_920_688_671)
    #expect(CRC32C.checksum(scene.labels) == 1_064_792_372)
  }

  @Test func theDatasetIsIntactAndHasEveryClass() throws {
    let folder = TemporaryFolder()
    let settings = SynthesisSettings(counts: [("train", 12), ("val", 3)])
    let infos = try SceneSynthesis.write(settings, to: folder.path, shardCount: 2, threads: 3)
    #expect(infos.map(\.split) == ["train", "val"] && infos.map(\.sampleCount) == [12, 3])
    #expect(try DatasetVerification.run(folder.path).isIntact)
    let dataset = try Dataset(folder: folder.path, split: "train")
    #expect(dataset.info == infos[0] && dataset.info.classCount == 8 && dataset.size(0) == (96, 128))
    let statistics = try DatasetStatistics.compute(dataset)
    #expect(statistics.pixelShares.allSatisfy { $0 > 0.005 })
    let ignored = Double(statistics.ignoredPixelCount) / Double(statistics.labelledPixelCount)
    #expect(ignored > 0.01 && ignored < 0.1)
    // Classes can be told apart by colour alone in part: sky is brighter and bluer than road.
    #expect(statistics.standardDeviation.allSatisfy { $0 > 20 })
  }

  @Test func impossibleSizesAreRefused() {
    for settings in [
      SynthesisSettings(height: 4), SynthesisSettings(width: 100_000), SynthesisSettings(counts: [("a", 0)]),
    ] {
      let failure = #expect(throws: Failure.self) { try settings.validate() }
      #expect(failure?.kind == .usage)
    }
  }
}
