import Basics
import Foundation
import SegmentationData
import TestSupport
import Testing

@Suite struct LoaderTests {
  private static let settings = AugmentationSettings(flip: 0.5, scale: 0.5...2, crop: (12, 10), color: 0.2)

  private static func transform(_ dataset: Dataset) -> SampleTransform {
    SampleTransform(
      normalisation: Normalisation(mean: [100, 101, 102], std: [50, 60, 70]), augmentation: settings,
      ignoreLabel: dataset.info.ignoreValue, seed: 1)
  }

  @Test(arguments: 1...4) func samplesComeInTheOrderAskedForWhateverTheThreads(threads: Int) throws {
    let folder = TemporaryFolder()
    let dataset = try RandomSamples.write(17, to: folder.path, shards: 3)
    let transform = Self.transform(dataset)
    let sampler = Sampler(sampleCount: 17, seed: 4)
    let loader = try Loader(dataset: dataset, transform: transform, threads: threads, depth: 3, firstStep: 5) { step in
      step < 45 ? (0..<step % 4).map { sampler.request(atPosition: 4 * step + $0) } : nil
    }
    for step in 5..<45 {
      let samples = try #require(try loader.next())
      #expect(samples.count == step % 4)
      for (slot, sample) in samples.enumerated() {
        let request = sampler.request(atPosition: 4 * step + slot)
        let expected = transform.apply(try dataset.read(request.sample), request)
        #expect(sample.index == request.sample && sample.randomKey == request.randomKey)
        #expect(sample.key == dataset.key(request.sample))
        #expect(sample.pixels == expected.pixels && sample.labels == expected.labels)
      }
    }
    #expect(try loader.next() == nil)
    #expect(try loader.next() == nil)
    loader.stop()
    loader.stop()
  }

  @Test func noMoreStepsThanAskedForAreBegun() throws {
    let folder = TemporaryFolder()
    let dataset = try RandomSamples.write(6, to: folder.path)
    let asked = Monitor(0)
    let loader = try Loader(dataset: dataset, transform: Self.transform(dataset), threads: 2, depth: 3) { step in
      asked.withLock { $0 = max($0, step + 1) }
      return [SampleRequest(sample: step % 6, randomKey: 0)]
    }
    for taken in 1...10 {
      #expect(try loader.next()?.count == 1)
      Thread.sleep(forTimeInterval: 0.01)
      #expect(asked.withLock { $0 } <= taken + 3)
    }
    #expect(asked.withLock { $0 } == 13)
    loader.stop()
    #expect(try loader.next() == nil)
  }

  @Test func waitingIsCountedAndReadyDataIsNotWaitedFor() throws {
    let folder = TemporaryFolder()
    let dataset = try RandomSamples.write(6, to: folder.path)
    let isOpen = Monitor(false)
    let loader = try Loader(dataset: dataset, transform: Self.transform(dataset), threads: 1, depth: 4) { step in
      if step == 4 { _ = isOpen.wait { $0 ? true : nil } }
      return [SampleRequest(sample: step % 6, randomKey: 0)]
    }
    while loader.readyStepCount < 4 { Thread.sleep(forTimeInterval: 0.001) }
    // The thread is held up with step 4 while these are taken.
    for _ in 0..<4 { #expect(try loader.next()?.count == 1) }
    #expect(loader.waitedSeconds == 0)
    let opener = try WorkerThread {
      Thread.sleep(forTimeInterval: 0.5)
      isOpen.change { $0 = true }
    }
    #expect(try loader.next()?.count == 1)
    #expect(loader.waitedSeconds > 0)
    opener.join()
  }

  @Test(arguments: 1...3) func theErrorOfASampleNamesItAndComesWithItsStep(threads: Int) throws {
    let folder = TemporaryFolder()
    var dataset = try RandomSamples.write(8, to: folder.path)
    try Damage.flipByte(ofImage: "s5", in: folder.file("train-00000-of-00001.h5"))
    dataset = try Dataset(folder: folder.path, split: "train")
    let loader = try Loader(dataset: dataset, transform: Self.transform(dataset), threads: threads, depth: 4) { step in
      step < 4
        ? [SampleRequest(sample: 2 * step, randomKey: 0), SampleRequest(sample: 2 * step + 1, randomKey: 0)] : nil
    }
    #expect(try loader.next()?.map(\.key) == ["s0", "s1"])
    #expect(try loader.next()?.map(\.key) == ["s2", "s3"])
    for _ in 0..<2 {
      let failure = #expect(throws: Failure.self) { try loader.next() }
      #expect(failure?.kind == .badData && failure?.message.contains("image 's5' is damaged") == true)
    }
  }

  @Test func aForgottenLoaderEndsItsThreads() throws {
    let folder = TemporaryFolder()
    let dataset = try RandomSamples.write(6, to: folder.path)
    func threadCount() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count }
    let before = try threadCount()
    for _ in 0..<200 {
      let loader = try Loader(dataset: dataset, transform: Self.transform(dataset), threads: 3, depth: 2) { step in
        [SampleRequest(sample: step % 6, randomKey: 0)]
      }
      _ = try loader.next()
    }
    // Other tests run beside this one and have threads of their own; 600 would stand out.
    #expect(try threadCount() < before + 100)
  }

  @Test func aNormalisationOfOtherChannelsIsRefused() throws {
    let folder = TemporaryFolder()
    let dataset = try RandomSamples.write(2, to: folder.path, channels: 4)
    let failure = #expect(throws: Failure.self) {
      try Loader(dataset: dataset, transform: Self.transform(dataset), threads: 1, depth: 1) { _ in nil }
    }
    #expect(failure?.kind == .configuration)
  }
}
