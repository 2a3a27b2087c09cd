import Basics
import Checkpoints
import TestSupport
import Testing

@Suite struct CheckpointDigestTests {
  let folder = TemporaryFolder()

  @Test func theDigestDependsOnTheStateAlone() throws {
    let state = CheckpointFixture.state()
    let digest = try state.digest()
    #expect(digest.count == 64)
    var same = state
    same.parameters.reverse()
    same.configurationText = "other"
    same.history = [:]
    same.provenance = [:]
    same.model.classNames = ["a", "b"]
    #expect(try same.digest() == digest)

    var changed: [CheckpointState] = []
    func change(_ body: (inout CheckpointState) -> Void) {
      var copy = state
      body(&copy)
      changed.append(copy)
    }
    change { $0.training.step += 1 }
    change { $0.training.seed -= 1 }
    change { $0.training.samplesSeen += 1 }
    change { $0.training.scheduleState["waited"] = 1.25 }
    change { $0.training.bestMetric = 0.5 }
    change { $0.training.bestMetric = nil }
    change { $0.training.bestStep = nil }
    change { $0.optimizerState = [] }
    change { $0.optimizerState[0].name = "velocity" }
    change { $0.parameters[1] = CheckpointTensor(name: "conv1_1/bias", shape: [4], values: [0, 0, 0, 1]) }
    change { $0.parameters[1] = CheckpointTensor(name: "conv1_1/bias", shape: [2, 2], values: [0, 0, 0, 1]) }
    change { $0.parameters[1] = CheckpointTensor(name: "conv1_1/bias", shape: [4], values: [-0.0, 0, 0, 1]) }
    #expect(Set(try changed.map { try $0.digest() } + [digest]).count == changed.count + 1)
  }

  @Test func differencesAreFoundAndMeasured() throws {
    let first = CheckpointFixture.state()
    #expect(try CheckpointDifference(first, first).isEqual)
    var second = first
    second.training.step = 1300
    second.model.geometry = "padded100"
    second.provenance["threads"] = "4"
    second.parameters[1] = CheckpointTensor(
      name: "conv1_1/bias", shape: [4], values: try first.parameters[1].values().map { $0 + 0.5 })
    second.parameters[3] = CheckpointTensor(name: "upscore8/weight", shape: [2], values: [1, 2])
    second.parameters.append(CheckpointTensor(name: "fc7/bias", shape: [1], values: [.nan]))
    try CheckpointWriter.write(first, to: folder.file("a.h5"))
    try CheckpointWriter.write(second, to: folder.file("b.h5"))
    let difference = try CheckpointDifference(
      CheckpointReader(folder.file("a.h5")).state, CheckpointReader(folder.file("b.h5")).state)
    #expect(!difference.isEqual)
    #expect(
      difference.facts == [
        .init(name: "model.geometry", first: "same", second: "padded100"),
        .init(name: "provenance.threads", first: nil, second: "4"),
        .init(name: "training.step", first: "1200", second: "1300"),
      ])
    let differing = difference.tensors.filter { !$0.isEqual }
    #expect(
      differing.map(\.name) == [
        "parameters/conv1_1/bias", "parameters/fc7/bias", "parameters/upscore8/weight",
      ])
    #expect(abs((differing[0].maximumDifference ?? 0) - 0.5) < 1e-6)
    #expect(differing[1].firstShape == nil && differing[1].secondShape == [1])
    #expect(differing[2].maximumDifference == nil)
    #expect(difference.tensors.count == 9)
  }

  @Test func aNumberThatIsNoneShowsInTheDifference() throws {
    var first = CheckpointFixture.state()
    first.optimizerState = []
    first.parameters = [CheckpointTensor(name: "a/bias", shape: [3], values: [1, .nan, 9])]
    var second = first
    second.parameters = [CheckpointTensor(name: "a/bias", shape: [3], values: [1, 2, 3])]
    #expect(try CheckpointDifference(first, first).isEqual)
    #expect(try CheckpointDifference(first, second).tensors[0].maximumDifference?.isNaN == true)
    first.parameters = [CheckpointTensor(name: "a/bias", shape: [3], values: [1, -0.0, 9])]
    second.parameters = [CheckpointTensor(name: "a/bias", shape: [3], values: [1, 0, 9])]
    let difference = try CheckpointDifference(first, second).tensors[0]
    #expect(!difference.isEqual && difference.maximumDifference == 0)
  }
}
