import Basics
import Kernels
import Model
import Testing

@Suite struct TransplantTests {
  private func harness(_ architecture: Architecture, classes: Int = 3, seed: UInt64) throws -> ModelHarness {
    var configuration = ModelConfiguration.tiny(architecture)
    configuration.classes = classes
    let harness = try ModelHarness(
      configuration, backend: PortableBackend(precision: .float32, threads: 1), reference: (1, 32, 32), seed: seed)
    try harness.randomiseScores()
    return harness
  }

  private func parameters(of harness: ModelHarness) -> [String: (shape: [Int], values: [Float])] {
    Dictionary(
      uniqueKeysWithValues: harness.network.parameters.parameters.map {
        ($0.name, ($0.canonicalShape, $0.exportCanonical(from: harness.master.floats())))
      })
  }

  @Test func stagesBuildOnEachOther() throws {
    let coarse = try harness(.fcn32s, seed: 1)
    let middle = try harness(.fcn16s, seed: 2)
    let own = parameters(of: middle)
    let report = transplant(
      source: parameters(of: coarse), into: middle.network.parameters, middle.master.floats())
    for parameter in middle.network.parameters.parameters {
      let isNew = ["upscore2", "score_pool4", "upscore16"].contains(parameter.layer)
      #expect(report.taken.contains(parameter.name) == !isNew)
      #expect(report.left.contains { $0.name == parameter.name } == isNew)
      let expected = isNew ? own[parameter.name]?.values : parameters(of: coarse)[parameter.name]?.values
      #expect(middle.canonical(parameter.name, in: middle.master) == expected)
    }
    #expect(report.left.contains { $0.name == "upscore32/weight" && $0.reason == "this network has no such layer" })
    #expect(
      report.summary == [
        "took conv1_1, conv1_2, conv2_1, conv2_2, conv3_1, conv3_2, conv3_3, conv4_1, conv4_2, conv4_3, conv5_1, "
          + "conv5_2, conv5_3, fc6, fc7, score_fr",
        "left upscore2, score_pool4, upscore16: not in the source, keeps its initial values",
        "left upscore32: this network has no such layer",
      ])

    let fine = try harness(.fcn8s, seed: 3)
    let second = transplant(source: parameters(of: middle), into: fine.network.parameters, fine.master.floats())
    #expect(
      second.summary.dropFirst() == [
        "left upscore_pool4, score_pool3, upscore8: not in the source, keeps its initial values",
        "left upscore16: this network has no such layer",
      ])
    #expect(
      fine.canonical("score_pool4/weight", in: fine.master) == parameters(of: middle)["score_pool4/weight"]?.values)
  }

  @Test func shapesMustAgree() throws {
    let source = try harness(.fcn8s, classes: 4, seed: 1)
    let target = try harness(.fcn8s, classes: 3, seed: 2)
    let before = parameters(of: target)
    let report = transplant(source: parameters(of: source), into: target.network.parameters, target.master.floats())
    #expect(report.taken.count == 30)
    for parameter in target.network.parameters.parameters where parameter.layer.contains("score") {
      #expect(target.canonical(parameter.name, in: target.master) == before[parameter.name]?.values)
    }
    #expect(
      report.left.contains {
        $0.name == "score_fr/weight" && $0.reason == "has shape [4, 10, 1, 1] in the source, [3, 10, 1, 1] here"
      })
  }

  @Test func valuesThatDoNotFillTheirShapeAreLeft() throws {
    let target = try harness(.fcn32s, seed: 1)
    let weight = (shape: [3, 2, 3, 3], values: [Float](repeating: 1, count: 54))
    let report = transplant(
      source: ["conv1_1/weight": weight, "conv1_1/bias": ([3], [1, 2])], into: target.network.parameters,
      target.master.floats())
    #expect(report.taken.isEmpty)
    #expect(report.summary.first == "took nothing")
    #expect(report.left.contains { $0.name == "conv1_1/weight" && $0.reason.contains("2 values") })
  }

  /// Kernels in another order beside biases that fit: half a layer is worth nothing.
  @Test func aLayerIsTakenWholeOrNotAtAll() throws {
    let target = try harness(.fcn32s, seed: 1)
    let before = target.canonical("conv1_1/bias", in: target.master)
    let turned = (shape: [3, 3, 2, 3], values: [Float](repeating: 1, count: 54))
    let report = transplant(
      source: ["conv1_1/weight": turned, "conv1_1/bias": ([3], [7, 8, 9])], into: target.network.parameters,
      target.master.floats())
    #expect(report.taken.isEmpty && target.canonical("conv1_1/bias", in: target.master) == before)
    #expect(report.left.contains { $0.name == "conv1_1/bias" && $0.reason.contains("[3, 3, 2, 3] in the source") })
  }
}
