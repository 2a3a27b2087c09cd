import Basics
import Detection
import Foundation
import SegmentationData
import Storage
import TestSupport
import Testing

@Suite struct InstanceShardTests {
  @Test(arguments: [1, 3]) func whatIsWrittenIsRead(shards: Int) throws {
    let folder = TemporaryFolder()
    let dataset = try InstanceSamples.write(9, to: folder.path, shards: shards)
    #expect(dataset.info == InstanceSamples.info(count: 9))
    var reused = RawSample()
    for index in 0..<9 {
      let expected = try InstanceSamples.sample(index)
      try dataset.read(index, into: &reused)
      for sample in [try dataset.read(index), reused] {
        #expect(sample.key == expected.key && sample.pixels == expected.pixels && sample.labels.isEmpty)
        #expect(sample.task == .instances && sample.instances == expected.instances)
      }
    }
    // 0, 1, 2, 3 instances in turn, of three the last is a crowd.
    #expect(dataset.statedLabelCounts?.pixelCounts == [0, 6, 4] && dataset.statedLabelCounts?.ignoredCount == 2)
    #expect(try DatasetVerification.run(folder.path).isIntact)
    let statistics = try DatasetStatistics.compute(dataset)
    #expect(statistics.pixelCounts == [0, 6, 4] && statistics.imageCounts == [0, 6, 4])
  }

  @Test func aSplitWithoutASingleInstanceIsADatasetStill() throws {
    let folder = TemporaryFolder()
    let dataset = try InstanceSamples.write(1, to: folder.path)
    #expect(try dataset.read(0).instances == InstanceAnnotations())
    let lines = LabelSense.warnings([try LabelCounts.read(dataset, threads: 1)])
    #expect(lines == ["split train: not one instance, so that nothing is learned"])
  }

  @Test func theLoaderHandsInstancesOn() throws {
    let folder = TemporaryFolder()
    let dataset = try InstanceSamples.write(4, to: folder.path)
    let transform = SampleTransform(
      normalisation: Normalisation(mean: [0, 0, 0], std: [1, 1, 1]), ignoreLabel: 65_535)
    let loader = try Loader(
      dataset: dataset, transform: transform, threads: 2, depth: 2,
      requests: { $0 < 2 ? [2 * $0, 2 * $0 + 1].map { SampleRequest(sample: $0, randomKey: 0) } : nil })
    for step in 0..<2 {
      for (place, sample) in (try loader.next() ?? []).enumerated() {
        #expect(sample.instances == (try InstanceSamples.sample(2 * step + place).instances))
        #expect(sample.labels.isEmpty)
      }
    }
    #expect(try loader.next() == nil)
  }

  @Test(.enabled(if: SharedFolder.golden != nil, "needs ../shared/golden"), arguments: ["train", "val"])
  func theGoldenShardsAreRead(split: String) throws {
    let folder = "\(SharedFolder.golden ?? "")/maskrcnn-vgg16"
    let dataset = try Dataset(folder: folder, split: split)
    #expect(dataset.info.task == .instances)
    #expect(dataset.info.classNames == ["background", "class 1", "class 2", "class 3"])
    let root = try HDF5File.open("\(folder)/\(split)-00000-of-00001.h5").root.group("instances")
    let boxes = try root.dataset("boxes").read(as: Float.self)
    let classes = try root.dataset("classes").read(as: UInt16.self)
    let all = try (0..<dataset.sampleCount).map { try #require(try dataset.read($0).instances) }
    #expect(all.flatMap(\.boxes).flatMap { [$0.x1, $0.y1, $0.x2, $0.y2] } == boxes)
    #expect(all.flatMap(\.classes) == classes && !classes.isEmpty)
    for (box, mask) in zip(all.flatMap(\.boxes), all.flatMap(\.masks)) {
      // The masks of these scenes fill their boxes to the pixel.
      let around = mask.boundingBox
      #expect(abs(Float(around.x) - box.x1) <= 1 && abs(Float(around.y + around.height) - box.y2) <= 1)
    }
    #expect(try DatasetVerification.run(folder, splits: [split]).isIntact)
  }

  /// What can be wrong with the arrays, and what is said of it.
  static let damages: [(change: @Sendable (inout InstanceArrays) -> Void, said: String)] = [
    ({ $0.offsets = [0, 2, 1, 3] }, "/instances/offsets falls from 2 to 1"),
    ({ $0.offsets = [1, 1, 2, 3] }, "/instances/offsets begins with 1"),
    ({ $0.offsets = [0, 1, 3] }, "/instances/offsets has 3 numbers, not one more than 3"),
    ({ $0.offsets = [0, 1, 2, 4] }, "/instances/boxes has 3 rows, /instances/offsets ends at 4"),
    ({ $0.offsets = [0, 1, 2, .max] }, "/instances/boxes has 3 rows, /instances/offsets ends at 9223372036854775807"),
    ({ $0.boxes.removeLast(4) }, "/instances/boxes has 2 rows, /instances/offsets ends at 3"),
    ({ $0.classes.append(1) }, "/instances/classes has 4 rows"),
    ({ $0.crowd.removeLast() }, "/instances/crowd has 2 rows"),
    ({ $0.runOffsets.removeLast() }, "/instances/run_offsets has 3 numbers, not one more than 3"),
    ({ $0.runOffsets[1] = 99 }, "/instances/run_offsets falls from 99"),
    ({ $0.runOffsets[3] += 1 }, "/instances/runs has"),
    ({ $0.runs[4] += 1 }, "instances of 'b', instance 0: the runs of a mask of 4x5 pixels add up to more than 20"),
    ({ $0.runs[1] -= 1 }, "instances of 'a', instance 0: the runs of a mask of 4x5 pixels add up to 19"),
    ({ $0.classes[1] = 0 }, "instances of 'b', instance 0 is of class 0, where those of instances are 1 to 2"),
    ({ $0.classes[2] = 3 }, "instances of 'b', instance 1 is of class 3"),
    ({ $0.boxes[0] = .nan }, "instances of 'a', instance 0 has the box nan"),
    ({ $0.boxes[4] = 3 }, "instances of 'b', instance 0 has the box 3.0, 1.0, 3.0, 3.0, which surrounds nothing"),
    ({ $0.crowd[1] = 2 }, "instances of 'b', instance 0 has the crowd flag 2"),
    ({ $0.checksums[3] ^= 1 }, "label 'b' is damaged"),
    ({ $0.checksums[2] ^= 1 }, "image 'b' is damaged"),
    ({ $0.isWithoutGroup = true }, "has no group /instances"),
    ({ $0.isChunked = true }, "/instances/boxes does not lie in the file in one piece"),
  ]

  @Test(arguments: damages.indices) func whatCannotBeIsRefusedByName(number: Int) throws {
    let folder = TemporaryFolder()
    var arrays = InstanceArrays()
    arrays.sum()
    let (change, said) = Self.damages[number]
    let path = folder.file("train-00000-of-00001.h5")
    try arrays.write(to: path)
    #expect(try DatasetVerification.run(folder.path).isIntact)
    try FileManager.default.removeItem(atPath: path)
    let checksums = arrays.checksums
    change(&arrays)
    // A checksum that fits: what is wrong is to be found in the numbers.
    if arrays.checksums == checksums { arrays.sum() }
    try arrays.write(to: path)
    let report = try DatasetVerification.run(folder.path)
    #expect(report.problemCount == 1)
    let problem = try #require(report.problems.first)
    #expect(problem.message.contains(said) && problem.message.contains(path), "\(problem)")
    #expect(problem.exitCode == 65)
  }

  @Test func aWriterRefusesWhatAReaderWould() throws {
    let folder = TemporaryFolder()
    var sample = try InstanceSamples.sample(2)
    sample.instances?.classes[1] = 7
    let other = sample
    let failure = #expect(throws: Failure.self) {
      try DatasetWriter(folder: folder.path).write(InstanceSamples.info(count: 1)) { _ in other }
    }
    #expect(failure?.message.contains("instances of 'sample-2', instance 1 is of class 7") == true)
    sample.instances = nil
    let none = sample
    #expect(throws: Failure.self) {
      try DatasetWriter(folder: folder.path).write(InstanceSamples.info(count: 1)) { _ in none }
    }
    #expect(folder.names.isEmpty)
  }
}
