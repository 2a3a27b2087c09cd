import Basics
import Detection
import Instances
import Kernels
import Model
import TestSupport
import Testing

/// Mask R-CNN against an independent float64 implementation. Skipped where ../shared/golden is not there.
@Suite(.serialized, .enabled(if: SharedFolder.golden != nil, "needs ../shared/golden"))
struct MaskRCNNGoldenTests {
  private static func harness(_ backend: any Backend) throws -> ModelHarness {
    let harness = try ModelHarness(MaskRCNNGoldenCase.configuration, backend: backend, reference: (1, 96, 128))
    let report = transplant(
      source: try MaskRCNNGoldenCase.golden.parameters("init.h5", under: ["model", "parameters"]),
      into: harness.network.parameters, harness.memory.master)
    #expect(report.left.isEmpty)
    harness.prepare()
    return harness
  }

  static func checkFirstStep(_ backend: any Backend, tolerance: Float) throws {
    let harness = try harness(backend)
    let samples = try MaskRCNNGoldenCase.samples("train")
    let objective = MaskRCNNObjective(MaskRCNNGoldenCase.configuration.detection, seed: 1)
    var sum = [Float](repeating: 0, count: harness.network.parameters.floatCount)
    var losses = InstanceLosses()
    for sample in samples {
      let plan = try harness.network.plan(
        images: 1, height: sample.target.height, width: sample.target.width, training: true)
      losses += objective.backpropagate(
        plan, sample.pixels, harness.memory, targets: [sample.target], randomKeys: [7],
        scale: 1 / Float(samples.count), into: harness.gradient.floats(), ready: { _ in })
      for i in sum.indices { sum[i] += harness.gradient.floats()[i] }
    }
    let expectedLosses = try MaskRCNNGoldenCase.losses()
    for (index, value) in losses.values.enumerated() {
      let loss = value / Double(samples.count)
      #expect(
        abs(loss - expectedLosses[index]) < Double(tolerance) / 10 * abs(expectedLosses[index]),
        "\(InstanceLosses.names[index]): \(loss), expected \(expectedLosses[index])")
    }
    let expected = try MaskRCNNGoldenCase.golden.parameters("expected.h5", under: ["gradients"])
    #expect(expected.count == harness.network.parameters.parameters.count)
    for parameter in harness.network.parameters.parameters {
      let values = parameter.exportCanonical(from: sum)
      let difference = relativeDifference(values, expected[parameter.name]?.values ?? [])
      #expect(difference < tolerance, "\(parameter.name): \(difference)")
    }
  }

  static func checkDetections(_ backend: any Backend) throws {
    let harness = try harness(backend)
    let detector = InstanceDetector(MaskRCNNGoldenCase.configuration.detection)
    for sample in try MaskRCNNGoldenCase.samples("val") {
      let (height, width) = (sample.target.height, sample.target.width)
      let plan = try harness.network.plan(images: 1, height: height, width: width, training: false)
      let found = detector.detect(
        plan, sample.pixels, harness.memory, sizes: [.init(original: (height, width), resized: (height, width))])[0]
      let expected = try MaskRCNNGoldenCase.detections(sample.key)
      #expect(found.map { UInt16($0.category) } == expected.classes)
      #expect(relativeDifference(found.map(\.score), expected.scores) < 1e-4)
      let boxes = found.flatMap { [$0.box.x1, $0.box.y1, $0.box.x2, $0.box.y2] }
      #expect(relativeDifference(boxes, expected.boxes) < 1e-4)
      for (index, object) in found.enumerated() {
        let mask = try object.runs(imageHeight: height, imageWidth: width).bitmap()
        let pixels = index * height * width..<(index + 1) * height * width
        let differing = zip(mask, expected.masks[pixels]).count { $0 != $1 }
        // Probabilities of one half to the last bit may fall on either side.
        #expect(differing <= 2, "\(sample.key), detection \(index): \(differing) pixels differ")
      }
    }
  }

  @Test func portableFirstStep() throws {
    try Self.checkFirstStep(try PortableBackend(precision: .float32, threads: 2), tolerance: 1e-3)
  }

  @Test func portableDetections() throws {
    try Self.checkDetections(try PortableBackend(precision: .float32, threads: 2))
  }

  @Test(.enabled(if: OneDNNBackend.unavailabilityReason == nil, "needs oneDNN"))
  func oneDNNFirstStep() throws {
    try Self.checkFirstStep(try OneDNNBackend.make(precision: .float32, threads: 2), tolerance: 1e-3)
  }

  @Test(.enabled(if: OneDNNBackend.unavailabilityReason == nil, "needs oneDNN"))
  func oneDNNDetections() throws {
    try Self.checkDetections(try OneDNNBackend.make(precision: .float32, threads: 2))
  }
}
