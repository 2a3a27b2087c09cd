import Basics
import Detection
import SegmentationData
import TestSupport
import Testing

@Suite struct InstanceSceneTests {
  private static let settings = SynthesisSettings(counts: [("train", 10), ("val", 2)], task: .instances)

  /// A thing is what is seen of it: the pixels that have its class in the scene's label map.
  @Test func thingsAreThePixelsOfTheirClasses() throws {
    for number in 0..<10 {
      let scene = SceneSynthesis.scene(number, of: "train", Self.settings)
      let dense = SceneSynthesis.scene(number, of: "train", SynthesisSettings())
      #expect(scene.pixels == dense.pixels && scene.labels.isEmpty && scene.key == dense.key)
      let instances = try #require(scene.instances)
      var owners = [Int](repeating: 0, count: dense.labels.count)
      var own = 0
      for index in 0..<instances.count {
        let mask = instances.masks[index]
        let name = SceneSynthesis.instanceClassNames[Int(instances.classes[index])]
        let label = try #require(SceneSynthesis.classNames.firstIndex(of: name))
        for (place, value) in mask.bitmap().enumerated() where value != 0 {
          owners[place] += 1
          // Border pixels are of no class in the label map; two of a border's four points make a pixel a thing's here.
          #expect(Int(dense.labels[place]) == label || Int(dense.labels[place]) == SceneSynthesis.ignoreLabel)
          own += Int(dense.labels[place]) == label ? 1 : 0
        }
        #expect(mask.area >= SceneSynthesis.fewestPixels)
        let around = mask.boundingBox
        let box = instances.boxes[index]
        #expect(
          [box.x1, box.y1, box.width, box.height].map(Double.init) == [around.x, around.y, around.width, around.height])
      }
      #expect(owners.allSatisfy { $0 <= 1 } && own * 2 > owners.reduce(0, +))
      // What belongs to no instance is of a thing with few pixels.
      let free = zip(owners, dense.labels).count {
        $0 == 0 && SceneSynthesis.classNames.indices.contains(Int($1))
          && SceneSynthesis.instanceClassNames.contains(SceneSynthesis.classNames[Int($1)])
      }
      #expect(free < 3 * SceneSynthesis.fewestPixels)
    }
  }

  @Test func theDatasetIsIntactAndHasEveryClass() throws {
    let folder = TemporaryFolder()
    let infos = try SceneSynthesis.write(Self.settings, to: folder.path, shardCount: 2, threads: 3)
    #expect(infos[0].task == .instances && infos[0].classNames == ["background", "car", "sign", "person"])
    #expect(try DatasetVerification.run(folder.path).isIntact)
    let statistics = try DatasetStatistics.compute(try Dataset(folder: folder.path, split: "train"))
    let instances = try #require(statistics.instances)
    #expect(statistics.pixelCounts[0] == 0 && statistics.pixelCounts.dropFirst().allSatisfy { $0 >= 5 })
    #expect(instances.count == statistics.pixelCounts.reduce(0, +) && instances.imageCount == 10)
    #expect(instances.smallCount + instances.mediumCount + instances.largeCount == instances.count)
    #expect(instances.crowdCount == 0 && instances.most >= 3 && instances.smallCount > 0)
  }

  /// The bytes are part of the promise.
  @Test func scenesAreTheSameOnEveryMachine() throws {
    let instances = try #require(SceneSynthesis.scene(0, of: "train", Self.settings).instances)
    let runs = instances.masks.flatMap(\.counts)
    #expect(instances.classes == [1, 3, 1, 2] && CRC32C.checksum(runs) == 3_792_500_666)
  }
}
