import Basics
import Detection
import Kernels
import Model
import Testing

/// Mask R-CNN on ResNet-50 with small widths: the whole net forward and backward, with regions that are always the same
/// and a loss that is a fixed sum of all outputs.
@Suite(.serialized)
struct ResNetTests {
  private static let precisions = Precision.allCases.filter(OneDNNBackend.supports)
  private static let size = (height: 64, width: 96)

  private static let configuration = {
    var detection = DetectionSettings()
    (detection.pyramidChannels, detection.boxFeatures, detection.maskChannels, detection.maskLayers) = (8, 12, 9, 1)
    (detection.boxBatchPerImage, detection.trainingProposals) = (8, Proposals.Limits(before: 20, after: 8))
    return ModelConfiguration(
      architecture: .maskRCNN, widths: [8, 4, 6, 8, 10], dropout: 0, classes: 3, detection: detection,
      backbone: .resnet50)
  }()

  private static func harness(_ backend: any Backend, frozen: Set<String> = []) throws -> ModelHarness {
    let harness = try ModelHarness(
      configuration, backend: backend, reference: (2, size.height, size.width), frozen: frozen)
    for (index, parameter) in harness.network.parameters.parameters.enumerated() {
      let values = modelRandom(parameter.canonicalCount, stream: UInt64(300 + index))
      let start = parameter.exportCanonical(from: harness.master.floats())
      let isResidual = parameter.name.hasSuffix("bn3/weight")
      let changed: [Float] =
        switch parameter.kind {
        case .normalization where parameter.name.hasSuffix("running_var"): values.map { 1 + 0.5 * $0 }
        case .normalization where parameter.name.hasSuffix("weight"):
          values.map { (isResidual ? 0.3 : 1) * ($0 < 0 ? $0 - 0.5 : $0 + 0.5) }
        case .normalization, .bias: values.map { 0.2 * $0 }
        case .weight where parameter.layer.hasPrefix("layer") || parameter.layer == "conv1": start
        case .weight:
          values.map { $0 * 1.7 * (2 / Float(values.count / parameter.canonicalShape[0])).squareRoot() }
        }
      try parameter.importCanonical(changed, into: harness.master.floats())
    }
    harness.prepare()
    return harness
  }

  private static func outputs(_ harness: ModelHarness, images: Int) throws -> (plan: Plan, values: [[Float]]) {
    let plan = try harness.network.plan(images: images, height: size.height, width: size.width, training: true)
    let pixels = modelRandom(images * size.height * size.width * 3, stream: 10)
    _ = plan.forward(pixels, harness.memory, dropoutKeys: nil) { head in
      guard let table = plan.regions[head] else { return }
      table.removeAll()
      for (image, place) in (0..<images).flatMap({ image in (0..<2).map { (image, $0) } }) {
        let box = (Float(4 + 9 * place), Float(6), Float(40 + 45 * place), Float(50 + 8 * image))
        table.set(place, ofImage: image, box: box, level: place)
      }
    }
    return (plan, plan.outputShapes.indices.map { plan.floats(ofOutput: $0) })
  }

  /// How much each output weighs in the loss.
  private static func coefficients(_ output: Int, _ count: Int) -> [Float] {
    modelRandom(count, stream: UInt64(900 + output)).map { $0 * 0.1 }
  }

  private static func loss(_ harness: ModelHarness, images: Int = 1) throws -> Double {
    try outputs(harness, images: images).values.enumerated().reduce(0) { sum, output in
      zip(output.element, coefficients(output.offset, output.element.count)).reduce(sum) {
        $0 + Double($1.0) * Double($1.1)
      }
    }
  }

  /// Outputs, and gradients of all parameters in canonical order.
  private static func results(
    _ harness: ModelHarness, images: Int = 1, ready: (Range<Int>) -> Void = { _ in }
  ) throws -> (outputs: [[Float]], gradients: [String: [Float]]) {
    let (plan, values) = try outputs(harness, images: images)
    harness.gradient.floats().update(repeating: .nan, count: harness.network.parameters.floatCount)
    plan.backward(into: harness.gradient.floats(), ready: ready) { output, gradient in
      for (index, value) in coefficients(output, values[output].count).enumerated() { gradient[index] = value }
    }
    let parameters = harness.network.parameters.parameters
    return (
      values,
      Dictionary(uniqueKeysWithValues: parameters.map { ($0.name, harness.canonical($0.name, in: harness.gradient)) })
    )
  }

  /// torchvision's maskrcnn_resnet50_fpn with 91 classes has 44,401,393 parameters and 106,240 numbers in its frozen
  /// normalisations.
  @Test func hasTorchvisionsParameters() throws {
    let configuration = ModelConfiguration(
      architecture: .maskRCNN, widths: Backbone.resnet50.publishedWidths, classes: 91, backbone: .resnet50)
    let backend = try PortableBackend(precision: .float32, threads: 1)
    let table = try Network(configuration, backend: backend, reference: (1, 64, 64)).parameters
    #expect(table.canonicalCount == 44_401_393 + 106_240)
    #expect(table.parameters.filter { $0.kind == .normalization }.reduce(0) { $0 + $1.canonicalCount } == 106_240)
    for (name, shape) in [
      "conv1/weight": [64, 3, 7, 7], "bn1/running_var": [64], "layer1.0.conv1/weight": [64, 64, 1, 1],
      "layer1.0.downsample.0/weight": [256, 64, 1, 1], "layer2.3.bn3/bias": [512],
      "layer3.5.conv2/weight": [256, 256, 3, 3], "layer4.0.downsample.1/running_mean": [2048],
      "layer4.2.conv3/weight": [2048, 512, 1, 1], "fpn_inner5/weight": [256, 2048, 1, 1],
    ] { #expect(table[name]?.canonicalShape == shape, "\(name)") }
    #expect(table["conv1/bias"] == nil && table["layer1.1.downsample.0/weight"] == nil)
  }

  @Test func gradientAgreesWithDifferenceQuotients() throws {
    let harness = try Self.harness(PortableBackend(precision: .float32, threads: 2))
    let gradients = try Self.results(harness).gradients
    for parameter in harness.network.parameters.parameters where parameter.isUpdated {
      let gradient = gradients[parameter.name] ?? []
      let start = harness.canonical(parameter.name, in: harness.master)
      let norm = gradient.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      #expect(norm > 0 && norm.isFinite, "\(parameter.name)")
      func loss(movedBy step: Double) throws -> Double {
        let moved = zip(start, gradient).map { Float(Double($0) + step * Double($1) / norm) }
        try parameter.importCanonical(moved, into: harness.master.floats())
        harness.prepare()
        return try Self.loss(harness)
      }
      // Long steps meet kinks, short ones drown in rounding, and a wrong gradient agrees with none.
      let length = start.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      let quotients = try [0.002, 0.0004, 0.000_08, 0.000_02].map { share in
        let step = share * max(length, 0.1)
        return try (loss(movedBy: step) - loss(movedBy: -step)) / (2 * step)
      }
      try parameter.importCanonical(start, into: harness.master.floats())
      #expect(
        quotients.contains { abs($0 - norm) < 0.03 * norm },
        "\(parameter.name): quotients \(quotients), gradient \(norm)")
    }
  }

  /// Nothing trains the normalisations, and every part of the arena is said to be ready once.
  @Test func normalisationsAreFrozen() throws {
    let harness = try Self.harness(PortableBackend(precision: .float32, threads: 2))
    var ready: [Range<Int>] = []
    let gradients = try Self.results(harness) { ready.append($0) }.gradients
    let parameters = harness.network.parameters.parameters
    for parameter in parameters where parameter.kind == .normalization {
      #expect(!parameter.isUpdated && gradients[parameter.name]?.allSatisfy { $0 == 0 } == true, "\(parameter.name)")
    }
    #expect(parameters.count { $0.kind == .normalization } == 4 * 53)
    #expect(ready.sorted { $0.lowerBound < $1.lowerBound } == parameters.map(\.range))
    let all = UnsafeBufferPointer(
      start: harness.gradient.floats(), count: harness.network.parameters.floatCount)
    #expect(all.allSatisfy { $0.isFinite })
  }

  /// conv1 and layer1, as torchvision freezes them; a block in the middle; all of a stage but its shortcut; all but the last
  /// block.
  @Test(arguments: [
    ["conv1", "layer1.*"], ["layer2.1.*"], ["conv1", "layer1.*", "layer2.0.conv?", "layer2.1*"],
    ["conv1", "layer1*", "layer2*", "layer3*", "layer4.0*", "layer4.1*"],
  ])
  func frozenLayersHaveNoGradient(_ patterns: [String]) throws {
    let backend = try PortableBackend(precision: .float32, threads: 2)
    let names = Network.layers(of: Self.configuration).map(\.name)
    let frozen = Set(names.filter { name in patterns.contains { LayerPattern($0).matches(name) } })
    var ready: [Range<Int>] = []
    let whole = try Self.results(Self.harness(backend))
    let harness = try Self.harness(backend, frozen: frozen)
    let part = try Self.results(harness) { ready.append($0) }
    #expect(part.outputs == whole.outputs && !frozen.isEmpty)
    for parameter in harness.network.parameters.parameters {
      let gradient = part.gradients[parameter.name] ?? []
      if frozen.contains(parameter.layer) {
        #expect(!parameter.isTrained && gradient.allSatisfy { $0 == 0 }, "\(parameter.name)")
      } else {
        #expect(relativeDifference(gradient, whole.gradients[parameter.name] ?? []) < 1e-5, "\(parameter.name)")
      }
    }
    #expect(
      ready.sorted { $0.lowerBound < $1.lowerBound } == harness.network.parameters.parameters.map(\.range))
  }

  @Test(.enabled(if: OneDNNBackend.unavailabilityReason == nil, "needs oneDNN"), arguments: precisions, [1, 3])
  func nothingIsTouchedBeyondItsBuffer(_ precision: Precision, _ threads: Int) throws {
    let backend = try OneDNNBackend.make(precision: precision, threads: threads)
    let plain = try Self.results(Self.harness(backend), images: 2)
    let guarded = try Self.results(Self.harness(GuardedBackend(backend)), images: 2)
    #expect(plain.outputs == guarded.outputs && plain.gradients == guarded.gradients)
    let portable = try Self.results(
      Self.harness(PortableBackend(precision: precision, threads: threads)), images: 2)
    guard precision == .float32 else { return }
    for (name, gradient) in portable.gradients {
      #expect(relativeDifference(plain.gradients[name] ?? [], gradient) < 1e-3, "\(name)")
    }
    for (one, other) in zip(plain.outputs, portable.outputs) { #expect(relativeDifference(one, other) < 1e-4) }
  }

  @Test func bitsDoNotDependOnThreadsInThePortableBackend() throws {
    let one = try Self.results(Self.harness(PortableBackend(precision: .bfloat16, threads: 1)), images: 2)
    let three = try Self.results(Self.harness(PortableBackend(precision: .bfloat16, threads: 3)), images: 2)
    #expect(one.outputs == three.outputs && one.gradients == three.gradients)
  }

  @Test func backboneAndEpsilonAreChecked() {
    func message(_ change: (inout ModelConfiguration) -> Void) -> String {
      var configuration = Self.configuration
      change(&configuration)
      do { try configuration.validate() } catch { return "\(error)" }
      return ""
    }
    #expect(message { $0.architecture = .fcn8s }.contains("model.backbone resnet50 is not for"))
    #expect(message { $0.widths = [64, 64, 128, 256, 20_000] }.contains("model.widths[4]"))
    #expect(message { $0.widths = [64, 64] }.contains("[64, 64, 128, 256, 512]"))
    #expect(message { $0.batchNormEpsilon = -1 }.contains("model.batch_norm_epsilon"))
    #expect(message { _ in } == "")
  }
}
