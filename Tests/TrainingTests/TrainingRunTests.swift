import Basics
import Checkpoints
import Foundation
import SegmentationData
import TestSupport
import Testing

/// The same bits for any number of ranks, machines, coordinators, and any stop in between.
@Suite struct TrainingRunTests {
  let folder = TemporaryFolder()
  var data: String { folder.path + "/data" }

  func reference() throws -> String {
    try RunHarness.writeData(to: data, sizes: [(33, 40), (40, 33)])
    try RunHarness.train(data: data, output: folder.path + "/one")
    return try RunHarness.digest(folder.path + "/one", step: 10)
  }

  @Test(arguments: [
    (2, 2, "shared", "auto"), (3, 3, "shared", "auto"), (3, 2, "dedicated", "auto"), (5, 5, "dedicated", "auto"),
    (4, 2, "shared", "allreduce"), (8, 4, "dedicated", "shared"), (7, 7, "shared", "shared"),
  ])
  func anyNumberOfRanksTrainsTheSameNetwork(
    ranks: Int, ranksPerMachine: Int, coordinator: String, exchange: String
  ) throws {
    let expected = try reference()
    let output = folder.path + "/many"
    let endings = try RunHarness.train(
      set: ["distributed.coordinator=\(coordinator)", "distributed.exchange=\(exchange)"], data: data, output: output,
      ranks: ranks, ranksPerMachine: ranksPerMachine)
    #expect(endings.allSatisfy { $0 == .finished })
    #expect(try RunHarness.digest(output, step: 10) == expected)
    let one = try RunHarness.checkpoint(folder.path + "/one", step: 10)
    let many = try RunHarness.checkpoint(output, step: 10)
    #expect(one.state.history["evaluations"] == many.state.history["evaluations"])
    #expect(one.state.history["steps"]?["loss"] == many.state.history["steps"]?["loss"])
  }

  @Test(arguments: [1, 3, 4]) func aRunThatWasStoppedComesToTheSameEnd(ranks: Int) throws {
    let expected = try reference()
    let output = folder.path + "/stopped"
    try RunHarness.train(data: data, output: output, ranks: 2)
    // As after a kill between the checkpoints of step 5 and 10: the newest is gone, others resume on other ranks.
    for step in 6...10 {
      try? FileManager.default.removeItem(atPath: CheckpointStore(folder: output + "/checkpoints").path(ofStep: step))
    }
    try RunHarness.train(data: data, output: output, ranks: ranks, resume: .auto)
    #expect(try RunHarness.digest(output, step: 10) == expected)
  }

  @Test func theDigestSeesTheSeed() throws {
    let expected = try reference()
    try RunHarness.train(set: ["train.seed=4"], data: data, output: folder.path + "/other")
    #expect(try RunHarness.digest(folder.path + "/other", step: 10) != expected)
  }

  @Test func aSecondTrainingDoesNotOverwriteTheFirst() throws {
    _ = try reference()
    #expect(throws: Failure.self) { try RunHarness.train(data: data, output: folder.path + "/one") }
  }

  @Test func resumingWithAnotherModelIsRefused() throws {
    _ = try reference()
    do {
      try RunHarness.train(set: ["model.fc=24"], data: data, output: folder.path + "/one", resume: .auto)
      Issue.record("resumed with another model")
    } catch let failure as Failure {
      #expect(failure.kind == .configuration)
      #expect(failure.message.contains("model.fc is 16 there and 24 here"))
    }
  }

  /// The splits are files of their own, which others may have written.
  @Test func splitsOfDifferentChannelsAreRefused() throws {
    try RunHarness.writeData(to: data)
    for name in try FileManager.default.contentsOfDirectory(atPath: data) where name.hasPrefix("val") {
      try FileManager.default.removeItem(atPath: "\(data)/\(name)")
    }
    let info = DatasetInfo(
      split: "val", classNames: ["ground", "square", "stripe"], palette: [UInt8](repeating: 7, count: 768),
      ignoreLabel: 255, channels: 1, sampleCount: 1)
    try DatasetWriter(folder: data, shardCount: 1, threads: 1).write(info) { _ in
      RawSample(key: "grey", height: 2, width: 2, channels: 1, pixels: .uint8([1, 2, 3, 4]), labels: [0, 1, 2, 0])
    }
    let failure = #expect(throws: Failure.self) {
      try RunHarness.train(data: data, output: folder.path + "/one")
    }
    #expect(failure?.kind == .badData)
    #expect(failure?.message == "the splits train and val in \(data) do not have the same number of channels")
  }

  @Test func settingsThatComeToNothingAreSaid() throws {
    try RunHarness.writeData(to: data)
    let log = RunHarness.LineLog()
    try RunHarness.train(
      set: ["train.evaluate_every=never", "train.steps=1", "train.early_stop=1"], data: data,
      output: folder.path + "/one", log: log)
    #expect(log.text.contains("warning: schedule.name: plateau has no effect: train.evaluate_every is never"))
    #expect(log.text.contains("warning: train.early_stop has no effect: train.evaluate_every is never"))
    let quiet = RunHarness.LineLog()
    try RunHarness.train(set: ["train.steps=1"], data: data, output: folder.path + "/two", log: quiet)
    #expect(!quiet.text.contains("does nothing"))
  }

  /// With checkpoints between the evaluations, and without: a dedicated coordinator is heard at every event.
  @Test(arguments: [2, 1000]) func earlyStopEndsAllRanksAtOneStep(checkpointEvery: Int) throws {
    try RunHarness.writeData(to: data)
    let settings = [
      "train.early_stop=1", "train.steps=60", "optimizer.learning_rate=1e-9",
      "train.checkpoint_every=\(checkpointEvery)",
    ]
    try RunHarness.train(set: settings, data: data, output: folder.path + "/a")
    let endings = try RunHarness.train(
      set: settings + ["distributed.coordinator=dedicated"], data: data, output: folder.path + "/b", ranks: 3)
    #expect(endings.allSatisfy { $0 == .stoppedEarly })
    let step = try #require(CheckpointStore(folder: folder.path + "/a/checkpoints").latestStep)
    #expect(step < 60)
    #expect(CheckpointStore(folder: folder.path + "/b/checkpoints").latestStep == step)
    #expect(
      try RunHarness.digest(folder.path + "/a", step: step) == RunHarness.digest(folder.path + "/b", step: step))
  }

  @Test func slotsOfSeveralImagesOfSeveralSizes() throws {
    try RunHarness.writeData(to: data, sizes: [(33, 40), (40, 33), (48, 20)])
    let settings = ["batch.micro=3", "data.augment={}", "batch.global=7", "train.steps=4"]
    try RunHarness.train(set: settings, data: data, output: folder.path + "/a")
    try RunHarness.train(set: settings, data: data, output: folder.path + "/b", ranks: 3)
    #expect(try RunHarness.digest(folder.path + "/a", step: 4) == RunHarness.digest(folder.path + "/b", step: 4))
  }
}
