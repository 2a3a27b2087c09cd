import Basics
import Checkpoints
import Foundation
import TestSupport
import Testing
import Training

/// The moving average of the parameters.
@Suite struct AverageTests {
  let folder = TemporaryFolder()
  var data: String { folder.path + "/data" }

  private static let plain = [
    "optimizer.name=sgd", "optimizer.learning_rate=0.05", "schedule.name=constant", "model.upsampling=fixed",
    "train.steps=5", "train.checkpoint_every=1",
  ]

  private func tensors(_ tensors: [CheckpointTensor]) throws -> [String: [Float]] {
    Dictionary(uniqueKeysWithValues: try tensors.map { ($0.name, try $0.values()) })
  }

  private func average(_ state: CheckpointState) throws -> [String: [Float]] {
    try tensors(try #require(state.optimizerState.first { $0.name == "average" }).tensors)
  }

  @Test func theAverageIsTheRule() throws {
    try RunHarness.writeData(to: data)
    let settings = Self.plain + ["optimizer.ema_decay=0.3", "optimizer.freeze=[conv2_1]"]
    try RunHarness.train(set: settings + ["train.steps=0"], data: data, output: folder.path + "/start")
    try RunHarness.train(set: settings, data: data, output: folder.path + "/run")
    var expected = try tensors(RunHarness.checkpoint(folder.path + "/start", step: 0).state.parameters)
    expected = expected.filter { !$0.key.hasPrefix("upscore") }
    #expect(try average(RunHarness.checkpoint(folder.path + "/start", step: 0).state) == expected)
    for step in 1...5 {
      let state = try RunHarness.checkpoint(folder.path + "/run", step: step).state
      let parameters = try tensors(state.parameters)
      let share = Float(1 - min(0.3, Double(1 + step) / Double(10 + step)))
      for name in expected.keys {
        let last = try #require(parameters[name])
        expected[name] = zip(expected[name] ?? [], last).map { $0 + share * ($1 - $0) }
      }
      #expect(try average(state) == expected)
      #expect(expected["fc6/weight"] != parameters["fc6/weight"])
      #expect(expected["conv2_1/weight"] == parameters["conv2_1/weight"])
    }
  }

  /// The training is the same with it; what is evaluated is not, and is what the file's user gets.
  @Test func theAverageIsEvaluatedAndUsed() throws {
    try RunHarness.writeData(to: data)
    try RunHarness.train(set: Self.plain, data: data, output: folder.path + "/without")
    try RunHarness.train(set: Self.plain + ["optimizer.ema_decay=0.9"], data: data, output: folder.path + "/with")
    let without = try RunHarness.checkpoint(folder.path + "/without", step: 5)
    let with = try RunHarness.checkpoint(folder.path + "/with", step: 5)
    #expect(try tensors(without.state.parameters) == tensors(with.state.parameters))
    #expect(without.state.history["steps"]?["loss"] == with.state.history["steps"]?["loss"])
    #expect(without.state.history["evaluations"]?["loss"] != with.state.history["evaluations"]?["loss"])

    let (average, last) = (try ParameterFile(with.path), try ParameterFile(with.path, choice: .last))
    #expect(average.isAverage && !last.isAverage)
    #expect(average.parameters.map(\.name) == last.parameters.map(\.name))
    let values = (average: try tensors(average.parameters), last: try tensors(last.parameters))
    let (parameters, kept) = (try tensors(with.state.parameters), try self.average(with.state))
    #expect(values.last == parameters)
    #expect(values.average.filter { !$0.key.hasPrefix("upscore") } == kept)
    #expect(values.average["upscore8/weight"] == values.last["upscore8/weight"])
    #expect(try !ParameterFile(without.path).isAverage)
    #expect { try ParameterFile(without.path, choice: .average) } throws: {
      "\($0)".contains("has no moving average of its parameters")
    }

    // A training that begins with it begins with the average.
    let log = RunHarness.LineLog()
    try RunHarness.train(
      set: Self.plain + ["train.steps=0"], data: data, output: folder.path + "/next", initialise: with.path, log: log)
    #expect(log.text.contains("parameters: from \(with.path), their moving average"))
    #expect(
      try tensors(RunHarness.checkpoint(folder.path + "/next", step: 0).state.parameters) == values.average)
  }

  /// With the plateau schedule, which follows the average's evaluations.
  @Test func anyNumberOfRanksComesToTheSameAverage() throws {
    try RunHarness.writeData(to: data, sizes: [(33, 40), (40, 33)])
    let settings = [
      "optimizer.ema_decay=0.7", "optimizer.freeze=[conv1_*]", "optimizer.learning_rate_multipliers={score*: 3}",
      "loss.name=lovasz", "loss.cross_entropy=1",
    ]
    try RunHarness.train(set: settings, data: data, output: folder.path + "/one")
    let one = try RunHarness.checkpoint(folder.path + "/one", step: 10).state
    for (ranks, perMachine, coordinator) in [(2, 2, "shared"), (4, 2, "shared"), (3, 1, "dedicated")] {
      let output = "\(folder.path)/\(ranks)-\(coordinator)"
      try RunHarness.train(
        set: settings + ["distributed.coordinator=\(coordinator)"], data: data, output: output, ranks: ranks,
        ranksPerMachine: perMachine)
      #expect(try RunHarness.digest(output, step: 10) == one.digest())
      let other = try RunHarness.checkpoint(output, step: 10).state
      #expect(other.history["evaluations"] == one.history["evaluations"])
    }
    // Resumed between two checkpoints, by others.
    let output = folder.path + "/2-shared"
    for step in 6...10 {
      try? FileManager.default.removeItem(atPath: CheckpointStore(folder: output + "/checkpoints").path(ofStep: step))
    }
    try RunHarness.train(set: settings, data: data, output: output, ranks: 3, ranksPerMachine: 2, resume: .auto)
    #expect(try RunHarness.digest(output, step: 10) == one.digest())
  }

  /// A file of a training without it is continued with it, and the other way round.
  @Test func theAverageMayBeginLater() throws {
    try RunHarness.writeData(to: data)
    let output = folder.path + "/run"
    try RunHarness.train(set: Self.plain + ["train.steps=2"], data: data, output: output)
    let before = try tensors(RunHarness.checkpoint(output, step: 2).state.parameters)
    let log = RunHarness.LineLog()
    try RunHarness.train(
      set: Self.plain + ["train.steps=3", "optimizer.ema_decay=0.9"], data: data, output: output, ranks: 2,
      resume: .auto, log: log)
    #expect(log.text.contains("the moving average begins here, with the checkpoint's parameters"))
    #expect(log.text.contains("ema_decay: 0.9"))
    let state = try RunHarness.checkpoint(output, step: 3).state
    let last = try tensors(state.parameters)
    for (name, values) in try average(state) {
      let share = Float(1 - 4.0 / 13)
      #expect(values == zip(before[name] ?? [], last[name] ?? []).map { $0 + share * ($1 - $0) })
    }
    try RunHarness.train(set: Self.plain + ["train.steps=4"], data: data, output: output, resume: .auto)
    let end = try RunHarness.checkpoint(output, step: 4).state
    #expect(end.optimizerState.map(\.name) == ["momentum"])
  }

  @Test(.enabled(if: Python.hasH5py, "needs h5py")) func h5pyFindsTheAverage() throws {
    try RunHarness.writeData(to: data)
    let output = folder.path + "/run"
    try RunHarness.train(
      set: Self.plain + ["optimizer.ema_decay=0.9"], data: data, output: output)
    let store = CheckpointStore(folder: output + "/checkpoints")
    try Python.run(
      """
      import h5py, numpy, sys
      before, after = (h5py.File(path, "r") for path in sys.argv[1:])
      share = numpy.float32(1 - (1 + 5) / (10 + 5))
      layers = list(after["optimizer/average"])
      assert layers == list(after["optimizer/momentum"]) and len(layers) == 18, layers
      for layer in layers:
        for kind in after["optimizer/average"][layer]:
          p = after["model/parameters"][layer][kind][()]
          a = before["optimizer/average"][layer][kind][()]
          assert p.dtype == a.dtype == numpy.float32
          found = after["optimizer/average"][layer][kind][()]
          assert (found == a + share * (p - a)).all() and not (found == p).all(), (layer, kind)
      """, store.path(ofStep: 4), store.path(ofStep: 5))
  }
}
