import Basics
import Checkpoints
import Foundation
import RunLogging
import TestSupport
import Testing
import Training
import TrainingConfiguration

/// Trainings that go on with another batch, another accumulation or another dataset count images, not steps × batch.
@Suite struct ContinuationTests {
  let folder = TemporaryFolder()
  var data: String { folder.path + "/data" }
  var output: String { folder.path + "/run" }
  static let settings = [
    "batch.global=4", "optimizer.name=sgd", "optimizer.learning_rate=0.01", "schedule.name=poly", "train.epochs=2",
    "train.evaluate_every=epoch", "train.checkpoint_every=epoch",
  ]

  /// Yaml of a training over epochs.
  static let yaml = RunHarness.configuration
    .replacingOccurrences(of: "steps: 10, ", with: "").replacingOccurrences(
      of: "{name: plateau, patience: 0, factor: 0.5}", with: "{}")

  func train(
    _ change: [String] = [], to output: String, data: String? = nil, log: RunHarness.LineLog? = nil,
    resume: TrainingOptions.Resume = .never
  ) throws {
    try RunHarness.train(
      Self.yaml, set: Self.settings + change, data: data ?? self.data, output: output, resume: resume, log: log)
  }

  func last(_ output: String) throws -> CheckpointState {
    let step = try #require(CheckpointStore(folder: output + "/checkpoints").latestStep)
    return try RunHarness.checkpoint(output, step: step).state
  }

  /// 12 images, 2 epochs in batches of 4: step 6, 24 images. Then to 4 epochs, 48 images.
  @Test(arguments: [(12, 2), (6, 4), (2, 12), (3, 8), (5, 5), (4, 6)])
  func theEpochsThatWereAskedForAreTrainedInAnotherBatch(batch: Int, steps: Int) throws {
    try RunHarness.writeData(to: data, train: 12)
    try train(to: output)
    let log = RunHarness.LineLog()
    try train(["train.epochs=4", "batch.global=\(batch)"], to: output, log: log, resume: .auto)
    let state = try last(output)
    #expect(state.training.step == 6 + steps)
    #expect(state.training.samplesSeen == 24 + steps * batch)
    #expect(state.training.epoch == 4)
    guard case .reals(let epochs)? = state.history["steps"]?["epoch"],
      case .reals(let rates)? = state.history["steps"]?["learning_rate"]
    else { return #expect(Bool(false), "there is no history") }
    let seen = (1...6).map { 4 * $0 } + (1...steps).map { 24 + batch * $0 }
    #expect(epochs == seen.map { Double($0) / 12 })
    // What falls with the training falls with the images: at half of them half is left.
    for i in 0..<steps {
      let done = (24 + Double(batch * i)) / Double(24 + steps * batch)
      #expect(abs(rates[6 + i] - 0.01 * Foundation.pow(1 - done, 0.9)) < 1e-9)
    }
    let isSaid = log.text.contains(
      "batch.global was 4 and is \(batch) from here on: 24 images seen so far, 2.00 epochs")
    #expect(isSaid == (batch != 4))
    #expect(log.text.contains("not bit-equal to the run before: batch.global (4 there, \(batch) here)") == (batch != 4))
  }

  /// What was evaluated and written at the ends of epochs is at the ends of epochs.
  @Test func epochsEndWhereTheirImagesEnd() throws {
    try RunHarness.writeData(to: data, train: 12)
    try train(to: output)
    try train(["train.epochs=5", "batch.global=6", "train.keep=9"], to: output, resume: .auto)
    guard case .integers(let steps)? = try last(output).history["evaluations"]?["step"] else {
      return #expect(Bool(false), "there is no history")
    }
    #expect(steps == [3, 6, 8, 10, 12])
  }

  /// Interrupted twice, once in each batch, or not at all.
  @Test func stoppingInTheOtherBatchChangesNothing() throws {
    try RunHarness.writeData(to: data, train: 12)
    try train(to: output)
    let other = folder.path + "/other"
    try FileManager.default.copyItem(atPath: output, toPath: other)
    let change = ["train.epochs=4", "batch.global=3", "train.keep=9"]
    try train(change, to: output, resume: .auto)
    try train(change + ["train.checkpoint_every=1"], to: other, resume: .auto)
    for step in 10...14 {
      try FileManager.default.removeItem(atPath: CheckpointStore(folder: other + "/checkpoints").path(ofStep: step))
    }
    try train(change, to: other, resume: .auto)
    #expect(try last(other).training.step == 14)
    #expect(try last(output).digest() == last(other).digest())
  }

  /// A training that is counted in steps makes those steps, whatever their batch.
  @Test func stepsAreSteps() throws {
    try RunHarness.writeData(to: data, train: 12)
    try train(to: output)
    let yaml = Self.yaml.replacingOccurrences(of: "seed: 3", with: "steps: 8, seed: 3")
    try RunHarness.train(
      yaml, set: Self.settings.filter { !$0.hasPrefix("train.epochs") } + ["batch.global=12"], data: data,
      output: output, resume: .auto)
    let state = try last(output)
    #expect(state.training.step == 8)
    #expect(state.training.samplesSeen == 48 && state.training.epoch == 4)
  }

  /// 1 of 2 epochs of 12 images, then the other one of 20.
  @Test func aDatasetThatHasGrownIsTrainedForTheEpochsThatAreLeft() throws {
    try RunHarness.writeData(to: data, train: 12)
    try train(["train.epochs=1"], to: output)
    let grown = folder.path + "/grown"
    try RunHarness.writeData(to: grown, train: 20)
    let log = RunHarness.LineLog()
    try train(to: output, data: grown, log: log, resume: .auto)
    let state = try last(output)
    #expect(state.training.step == 3 + 5)
    #expect(state.training.samplesSeen == 12 + 20)
    #expect(state.training.epoch == 2 && state.training.datasetSamples == 20)
    #expect(
      log.text.contains("the dataset had 12 training images and has 20 from here on: 1.00 epochs are done"))
    // And once more: the images seen are not the sampler's position any more.
    try train(["train.epochs=3"], to: output, data: grown, resume: .auto)
    #expect(try last(output).training.step == 13)
    #expect(try last(output).training.samplesSeen == 52)
  }

  /// In the middle of an epoch the share of it that was seen stays: 6 of 12 images are 10 of 20.
  @Test func aDatasetThatHasGrownKeepsTheShareOfItsEpoch() throws {
    var state = CheckpointFixture.state()
    state.training = TrainingProgress(
      step: 9, epoch: 1, seed: 1, samplesSeen: 18, epochSamples: 6, datasetSamples: 12)
    let counts = try SampleCounts(continuing: state, of: "a.h5", batch: 4, sampleCount: 20)
    #expect(counts.epochs(after: 9) == 1.5 && counts.position(after: 10) == 34 && counts.seen(after: 10) == 22)
  }

  /// Another accumulation is another order of sums, and nothing else.
  @Test func anotherAccumulationKeepsTheCounts() throws {
    try RunHarness.writeData(to: data, train: 12)
    try train(to: output)
    try train(["train.epochs=4", "batch.micro=4"], to: output, resume: .auto)
    let state = try last(output)
    #expect(state.training.step == 12)
    #expect(state.training.samplesSeen == 48)
  }

  /// Files of before this was kept say neither the images of the epoch nor the dataset's.
  @Test(.enabled(if: Python.hasH5py, "needs h5py")) func olderFilesAreContinued() throws {
    try RunHarness.writeData(to: data, train: 12)
    try train(to: output)
    let path = CheckpointStore(folder: output + "/checkpoints").path(ofStep: 6)
    try Python.run(
      """
      import h5py, sys
      with h5py.File(sys.argv[1], "a") as f:
        for name in ["epoch_samples", "dataset_samples"]: del f["training"].attrs[name]
      """, path)
    let grown = folder.path + "/grown"
    try RunHarness.writeData(to: grown, train: 16)
    let copy = folder.path + "/copy"
    try FileManager.default.copyItem(atPath: output, toPath: copy)
    try train(["train.epochs=3"], to: output, resume: .auto)
    #expect(try last(output).training.samplesSeen == 36)
    try train(["train.epochs=3"], to: copy, data: grown, resume: .auto)
    #expect(try last(copy).training.step == 6 + 4)
    #expect(try last(copy).training.samplesSeen == 24 + 16)
  }

  /// A finished run has nothing to do, and what it has written stays as it is.
  @Test(arguments: [1, 2, 4]) func aFinishedRunIsLeftAsItIs(ranks: Int) throws {
    try RunHarness.writeData(to: data, train: 12)
    try train(to: output)
    let store = CheckpointStore(folder: output + "/checkpoints")
    let before = try (Data(contentsOf: URL(fileURLWithPath: output + "/metrics.jsonl")), inode(store.path(ofStep: 6)))
    let log = RunHarness.LineLog()
    let endings = try RunHarness.train(
      Self.yaml, set: Self.settings, data: data, output: output, ranks: ranks, resume: .auto, log: log)
    #expect(endings.allSatisfy { $0 == .finished })
    #expect(log.text.contains("the training was at its end already"))
    #expect(try Data(contentsOf: URL(fileURLWithPath: output + "/metrics.jsonl")) == before.0)
    #expect(try inode(store.path(ofStep: 6)) == before.1)
  }

  /// So has one that was stopped early.
  @Test(arguments: [1, 3]) func aRunThatStoppedEarlyIsLeftAsItIs(ranks: Int) throws {
    try RunHarness.writeData(to: data, train: 12)
    let change = ["train.early_stop=1", "train.epochs=30", "optimizer.learning_rate=1e-9"]
    try train(change, to: output)
    let step = try last(output).training.step
    #expect(step < 90)
    let endings = try RunHarness.train(
      Self.yaml, set: Self.settings + change, data: data, output: output, ranks: ranks, resume: .auto)
    #expect(endings.allSatisfy { $0 == .stoppedEarly })
    #expect(try last(output).training.step == step)
  }

  /// From a checkpoint of another folder, the state is written to this one.
  @Test func aFinishedRunInAnotherFolderIsWrittenThere() throws {
    try RunHarness.writeData(to: data, train: 12)
    try train(to: output)
    let other = folder.path + "/other"
    try train(to: other, resume: .file(CheckpointStore(folder: output + "/checkpoints").path(ofStep: 6)))
    #expect(try last(other).digest() == last(output).digest())
  }

  @Test(
    arguments: [(-1, 3, nil), (Int.max, 3, nil), (24, Int.max, 12), (24, 3, 0), (24, 3, Int.max)] as [(Int, Int, Int?)])
  func countsThatCannotBeAreRefused(seen: Int, epoch: Int, samples: Int?) {
    var state = CheckpointFixture.state()
    state.training = TrainingProgress(
      step: 6, epoch: epoch, seed: 1, samplesSeen: seen, epochSamples: samples.map { _ in 0 }, datasetSamples: samples)
    let failure = #expect(throws: Failure.self) {
      try SampleCounts(continuing: state, of: "a.h5", batch: 4, sampleCount: 12)
    }
    #expect(failure?.kind == .badData)
  }

  private func inode(_ path: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int
  }
}
