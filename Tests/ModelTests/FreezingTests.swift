import Basics
import Kernels
import Model
import Testing

/// Layers that stay as they are.
@Suite struct FreezingTests {
  @Test(arguments: [
    ("conv1_*", "conv1_1", true), ("conv1_*", "conv1_", true), ("conv1_*", "conv10", false), ("*", "", true),
    ("*score*", "score_fr", true), ("*score*", "upscore8", true), ("score", "score_fr", false),
    ("?c6", "fc6", true), ("?c6", "ffc6", false), ("*2*2", "conv2_2", true), ("*2*2", "conv2_1", false),
    ("", "", true), ("", "fc6", false), ("a*b*c", "axxbxbxc", true), ("a*b*c", "axxbxbx", false),
  ])
  func aStarStandsForAnything(pattern: String, name: String, matches: Bool) {
    #expect(LayerPattern(pattern).matches(name) == matches)
  }

  @Test func manyStarsEndInTime() {
    let pattern = LayerPattern(String(repeating: "*a", count: 50) + "b")
    #expect(!pattern.matches(String(repeating: "a", count: 2000)))
  }

  struct Case: CustomTestStringConvertible {
    var architecture = Architecture.fcn8s
    var geometry = Geometry.same
    var upsampling = Upsampling.learned
    var patterns: [String]
    var testDescription: String { "\(architecture) \(geometry) \(upsampling) \(patterns)" }
  }

  static let cases = [
    Case(patterns: ["conv1_*", "conv2_*"]), Case(patterns: ["conv3_1", "fc6"]), Case(patterns: ["*score*"]),
    Case(patterns: ["conv*", "fc*", "score_fr", "upscore2"]), Case(patterns: ["conv*", "fc*", "score*", "upscore2"]),
    Case(geometry: .padded100, patterns: ["conv*", "fc*"]),
    Case(geometry: .padded100, patterns: ["conv*", "fc*", "score_fr"]),
    Case(architecture: .fcn32s, upsampling: .fixed, patterns: ["conv1_1", "conv4_*"]),
    Case(architecture: .fcn16s, upsampling: .fixed, patterns: ["conv*", "score_pool4"]),
    Case(architecture: .vgg16, patterns: ["conv*"]), Case(architecture: .vgg16, patterns: ["score*"]),
  ]

  /// The others have the gradients that they have without.
  @Test(arguments: cases) func frozenLayersHaveNoGradient(_ c: Case) throws {
    let configuration = ModelConfiguration.tiny(c.architecture, c.geometry, upsampling: c.upsampling)
    let names = Network.layers(of: configuration).map(\.name)
    let frozen = Set(names.filter { name in c.patterns.contains { LayerPattern($0).matches(name) } })
    let batch = Batch(images: 2, height: 37, width: 42, configuration: configuration)
    func harness(_ frozen: Set<String>) throws -> (ModelHarness, loss: Double, ready: [Range<Int>]) {
      let backend = try PortableBackend(precision: .float32, threads: 1)
      let harness = try ModelHarness(configuration, backend: backend, reference: (2, 37, 42), frozen: frozen)
      try harness.randomiseScoresAndBiases()
      harness.gradient.floats().update(repeating: .nan, count: harness.network.parameters.floatCount)
      var ready: [Range<Int>] = []
      let plan = try harness.network.plan(images: 2, height: 37, width: 42, training: true)
      plan.forward(batch.pixels, harness.memory, dropoutKeys: nil)
      let outcome = plan.backward(
        labels: batch.labels, classWeights: batch.classWeights, ignoreLabel: 255, scale: 1,
        into: harness.gradient.floats()
      ) { ready.append($0) }
      return (harness, outcome.weightedLoss, ready)
    }
    let (whole, part) = (try harness([]), try harness(frozen))
    #expect(part.loss == whole.loss)
    let table = part.0.network.parameters
    #expect(part.ready.sorted { $0.lowerBound < $1.lowerBound } == table.parameters.map(\.range))
    #expect((0..<table.floatCount).allSatisfy { part.0.gradient.floats()[$0].isFinite })
    for parameter in table.parameters {
      let gradient = part.0.canonical(parameter.name, in: part.0.gradient)
      #expect(parameter.isTrained == (parameter.isUpdated && !frozen.contains(parameter.layer)))
      if parameter.isTrained {
        #expect(gradient.contains { $0 != 0 }, "\(parameter.name)")
        #expect(gradient == whole.0.canonical(parameter.name, in: whole.0.gradient), "\(parameter.name)")
      } else {
        #expect(gradient.allSatisfy { $0 == 0 }, "\(parameter.name)")
      }
    }
  }

  /// Below the lowest layer that is trained nothing runs backward, and nothing is kept for it.
  @Test func theBackwardPassEndsAtTheLowestTrainedLayer() throws {
    let backend = try PortableBackend(precision: .float32, threads: 1)
    func plan(_ frozen: Set<String>) throws -> Plan {
      try Network(.tiny(), backend: backend, reference: (1, 64, 64), frozen: frozen)
        .plan(images: 1, height: 64, width: 64, training: true)
    }
    let whole = try plan([])
    let part = try plan(["conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_2"])
    #expect(part.activationByteCount < whole.activationByteCount)
    func has(_ name: String) throws -> [Bool] {
      let layer = try #require(part.layerOperations.first { $0.name == name })
      return [layer.hasWeightGradient, layer.hasSourceGradient]
    }
    #expect(try has("conv1_1") == [false, false])
    #expect(try has("conv2_2") == [false, false])
    #expect(try has("conv3_1") == [true, false])
    #expect(try has("conv3_2") == [false, true])
    #expect(try has("conv3_3") == [true, true])
  }

  /// Layers that several steps share, and those whose bias comes later.
  @Test(arguments: [
    ["conv*"], ["conv*", "fpn*"], ["rpn*"], ["mask*"], ["conv*", "fpn*", "rpn*", "box*"],
    ["conv*", "fpn*", "rpn*", "mask*"],
  ])
  func maskRCNNCanBeFrozenInParts(patterns: [String]) throws {
    let configuration = ModelConfiguration(architecture: .maskRCNN, widths: [8, 8, 8, 16, 16], dropout: 0, classes: 4)
    let layers = Network.layers(of: configuration).map(\.name)
    let frozen = Set(layers.filter { name in patterns.contains { LayerPattern($0).matches(name) } })
    #expect(!frozen.isEmpty && frozen.count < layers.count)
    let backend = try PortableBackend(precision: .float32, threads: 1)
    let network = try Network(configuration, backend: backend, reference: (1, 64, 96), frozen: frozen)
    let plan = try network.plan(images: 1, height: 64, width: 96, training: true)
    let trained = Set(network.parameters.parameters.filter(\.isTrained).map(\.layer))
    #expect(trained == Set(layers).subtracting(frozen))
    let withGradient = plan.layerOperations.filter(\.hasWeightGradient).map { $0.name.split(separator: " ")[0] }
    #expect(Set(withGradient.map(String.init)) == trained)
    let memory = ParameterMemory(
      master: floats(network.parameters.floatCount),
      prepared: UnsafeMutableRawPointer(floats(network.parameters.preparedByteCount / 4 + 16)))
    network.prepare(memory, piece: 0, of: 1)
    plan.forward(modelRandom(64 * 96 * 3, stream: 1), memory, dropoutKeys: nil)
    let gradient = floats(network.parameters.floatCount, filledWith: .nan)
    var ready = 0
    plan.backward(into: gradient, ready: { _ in ready += 1 }) { output, values in
      values.update(repeating: 1, count: plan.outputShapes[output].count)
    }
    #expect(ready == network.parameters.parameters.count)
    for parameter in network.parameters.parameters {
      #expect(parameter.range.allSatisfy { gradient[$0].isFinite }, "\(parameter.name)")
      if !parameter.isTrained { #expect(parameter.range.allSatisfy { gradient[$0] == 0 }, "\(parameter.name)") }
    }
    [memory.master, memory.prepared.assumingMemoryBound(to: Float.self), gradient].forEach { $0.deallocate() }
  }

  private func floats(_ count: Int, filledWith value: Float = 0) -> UnsafeMutablePointer<Float> {
    let base = UnsafeMutableRawPointer.allocate(byteCount: 4 * count, alignment: 64)
    let floats = base.bindMemory(to: Float.self, capacity: count)
    floats.initialize(repeating: value, count: count)
    return floats
  }
}
