import Basics
import Checkpoints
import Foundation
import Kernels
import Model
import TestSupport
import Testing
import Training
import TrainingConfiguration

/// Layers with a learning rate of their own, and layers that stay as they are.
@Suite struct LayerChoiceTests {
  let folder = TemporaryFolder()
  var data: String { folder.path + "/data" }

  private func choice(_ text: String) throws -> LayerChoice {
    let settings = try Configuration(yaml: text, file: "test.yaml").optimizer
    return try LayerChoice(settings, model: ModelConfiguration(classes: 3))
  }

  @Test func theLastThatFitsCounts() throws {
    let choice = try choice(
      """
      optimizer:
        learning_rate_multipliers: {conv*: 0.5, conv2_?: 0.25, score_fr: 10}
        freeze: [conv1_*, conv2_1]
      """)
    #expect(choice.frozen == ["conv1_1", "conv1_2", "conv2_1"])
    #expect(choice.multipliers["conv2_2"] == 0.25 && choice.multipliers["conv3_3"] == 0.5)
    #expect(choice.multipliers["score_fr"] == 10 && choice.multipliers["fc6"] == nil)
    #expect(choice.notes[0] == "frozen: conv1_1, conv1_2, conv2_1")
    #expect(
      choice.notes[1].hasPrefix("learning rate times: conv1_1 0.5, ") && choice.notes[1].hasSuffix("score_fr 10.0"))
    #expect(choice.warnings.isEmpty)
    #expect(try self.choice("optimizer: {freeze: [fc6], learning_rate_multipliers: {fc6: 2}}").warnings.count == 1)
    #expect(try self.choice("optimizer: {freeze: none, learning_rate_multipliers: none}").notes.isEmpty)
  }

  @Test(arguments: [
    ("{freeze: [conv9_*]}", "optimizer.freeze: no layer of fcn8s fits conv9_*; the layers are conv1_1, conv1_2,"),
    ("{learning_rate_multipliers: {Fc6: 2}}", "optimizer.learning_rate_multipliers: no layer of fcn8s fits Fc6"),
    ("{freeze: [\"*\"]}", "optimizer.freeze leaves no layer to train"),
    ("{freeze: [*]}", "put a name with a star at its head in quotes"),
    ("{freeze: conv1_1}", "optimizer.freeze must be a list of layers, as [conv1_*], or none, found conv1_1"),
    ("{freeze: ['']}", "optimizer.freeze[0] must be names of layers, in which * stands for any characters"),
    ("{learning_rate_multipliers: 3}", "must be {layers: number}, as {conv1_*: 0.1}, found 3"),
    (
      "{learning_rate_multipliers: {fc6: -1}}",
      "test.yaml:1: optimizer.learning_rate_multipliers.fc6 must be a finite number, not below 0, found -1"
    ),
  ])
  func saysWhatIsWrong(text: String, expected: String) throws {
    #expect {
      _ = try choice("optimizer: \(text)")
    } throws: { error in
      guard let failure = error as? Failure, failure.kind == .configuration else { return false }
      if !failure.description.contains(expected) { print(failure.description) }
      return failure.description.contains(expected)
    }
  }

  /// p - rate·multiplier·(g + decay·p) for a first step of SGD.
  @Test func theRateIsMultiplied() throws {
    let backend = try PortableBackend(precision: .float32, threads: 1)
    let network = try Network(
      ModelConfiguration(widths: [2, 2, 2, 2, 2], fc: 4, dropout: 0, classes: 2), backend: backend,
      reference: (1, 32, 32), frozen: ["conv1_1"])
    let table = network.parameters
    let count = table.floatCount
    let master = UnsafeMutablePointer<Float>.allocate(capacity: count)
    let momentum = UnsafeMutablePointer<Float>.allocate(capacity: count)
    let gradient = UnsafeMutablePointer<Float>.allocate(capacity: count)
    defer { [master, momentum, gradient].forEach { $0.deallocate() } }
    master.initialize(repeating: 2, count: count)
    momentum.initialize(repeating: 0, count: count)
    gradient.initialize(repeating: 3, count: count)
    Optimizer(
      rule: .sgd(momentum: 0.9), weightDecay: 0.5, biasWeightDecay: 0, biasLearningRateMultiplier: 2,
      learningRateMultipliers: ["conv1_2": 4, "fc6": 0]
    ).update(
      [0..<count], of: table, master: master, optimizerState: [momentum], gradient: gradient, gradientScale: 1,
      learningRate: 0.0625, step: 1, pool: try WorkerPool(threadCount: 1))
    func value(_ name: String, _ arena: UnsafeMutablePointer<Float>) -> Float? {
      table[name].map { arena[$0.range.lowerBound] }
    }
    #expect(value("conv1_1/weight", master) == 2 && value("conv1_1/bias", master) == 2)
    #expect(value("conv1_1/weight", momentum) == 0 && value("conv1_1/bias", momentum) == 0)
    #expect(value("conv1_2/weight", master) == 2 - 0.25 * 4 && value("conv1_2/bias", master) == 2 - 0.5 * 3)
    #expect(value("conv2_1/weight", master) == 2 - 0.0625 * 4 && value("conv2_1/bias", master) == 2 - 0.125 * 3)
    #expect(value("fc6/weight", master) == 2 && value("fc6/weight", momentum) == 4)
  }

  static let special = [
    "optimizer.learning_rate_multipliers={score*: 10, conv3_*: 0.1}", "optimizer.freeze=[conv1_*, fc7]",
  ]

  @Test func frozenLayersStayOnAnyNumberOfRanks() throws {
    try RunHarness.writeData(to: data, sizes: [(33, 40), (40, 33)])
    let log = RunHarness.LineLog()
    try RunHarness.train(set: ["train.steps=0"], data: data, output: folder.path + "/start")
    try RunHarness.train(set: Self.special, data: data, output: folder.path + "/one", log: log)
    #expect(log.text.contains("frozen: conv1_1, conv1_2, fc7\n"))
    let expected = try RunHarness.digest(folder.path + "/one", step: 10)
    for (ranks, perMachine, more) in [(3, 3, [String]()), (3, 1, ["distributed.coordinator=dedicated"])] {
      let output = "\(folder.path)/\(ranks)-\(perMachine)"
      try RunHarness.train(
        set: Self.special + more, data: data, output: output, ranks: ranks, ranksPerMachine: perMachine)
      #expect(try RunHarness.digest(output, step: 10) == expected)
    }
    let start = try values("start", step: 0)
    let end = try values("one", step: 10)
    for (name, value) in end.parameters {
      let isFrozen = name.hasPrefix("conv1_") || name.hasPrefix("fc7")
      #expect((start.parameters[name] == value) == isFrozen, "\(name)")
      #expect((end.moments[name]?.contains { $0 != 0 } ?? false) == !isFrozen, "\(name)")
    }
  }

  /// A multiplier of 1 for all is none.
  @Test func onesChangeNothing() throws {
    try RunHarness.writeData(to: data)
    try RunHarness.train(data: data, output: folder.path + "/plain")
    try RunHarness.train(
      set: ["optimizer.learning_rate_multipliers={\"*\": 1}"], data: data, output: folder.path + "/ones")
    #expect(
      try RunHarness.digest(folder.path + "/plain", step: 10) == RunHarness.digest(folder.path + "/ones", step: 10))
  }

  /// What is frozen halfway keeps its state, and what is resumed with other settings says so.
  @Test func aTrainingGoesOnWithOtherLayers() throws {
    try RunHarness.writeData(to: data)
    let output = folder.path + "/run"
    try RunHarness.train(set: ["train.steps=5"], data: data, output: output)
    let before = try values("run", step: 5)
    let log = RunHarness.LineLog()
    try RunHarness.train(set: Self.special, data: data, output: output, ranks: 2, resume: .auto, log: log)
    #expect(log.text.contains("settings differ from the checkpoint's: "))
    #expect(log.text.contains("freeze: [\"conv1_*\", fc7]"))
    let after = try values("run", step: 10)
    for name in before.parameters.keys {
      let isFrozen = name.hasPrefix("conv1_") || name.hasPrefix("fc7")
      #expect((before.parameters[name] == after.parameters[name]) == isFrozen, "\(name)")
      #expect((before.moments[name] == after.moments[name]) == isFrozen, "\(name)")
    }
  }

  private func values(
    _ run: String, step: Int
  ) throws -> (parameters: [String: [Float]], moments: [String: [Float]]) {
    let state = try RunHarness.checkpoint("\(folder.path)/\(run)", step: step).state
    func values(_ tensors: [CheckpointTensor]) throws -> [String: [Float]] {
      Dictionary(uniqueKeysWithValues: try tensors.map { ($0.name, try $0.values()) })
    }
    return (try values(state.parameters), try values(state.optimizerState[0].tensors))
  }
}
