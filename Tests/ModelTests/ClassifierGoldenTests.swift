import Basics
import Kernels
import Model
import Storage
import TestSupport
import Testing

/// The classifier's scores and first gradient against an independent float64 implementation. Skipped where
/// ../shared/golden is not there.
@Suite(.serialized, .enabled(if: SharedFolder.golden != nil, "needs ../shared/golden"))
struct ClassifierGoldenTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let name: String
    let configuration: ModelConfiguration
    var testDescription: String { name }
  }

  static let cases = [
    Case(
      name: "vgg16-same",
      configuration: ModelConfiguration(
        architecture: .vgg16, widths: [8, 8, 16, 16, 24], fc: 32, dropout: 0, classes: 6)),
    Case(
      name: "vgg16-valid",
      configuration: ModelConfiguration(
        architecture: .vgg16, geometry: .valid, widths: [4, 4, 8, 8, 8], fc: 16, dropout: 0, classes: 5)),
  ]
  private static let mean: [Float] = [120, 115, 105]
  private static let std: [Float] = [60, 61, 62]

  private static func check(_ one: Case, _ backend: any Backend) throws {
    // The files of a case lie as those of the others do.
    let golden = GoldenCase(name: one.name, configuration: one.configuration, normalization: .batch)
    let folder = "\(SharedFolder.golden ?? "")/\(one.name)"
    let root = try HDF5File.open("\(folder)/train-00000-of-00001.h5").root
    let expected = try HDF5File.open("\(folder)/expected.h5").root
    let keys = try root.dataset("keys").readStrings()
    let labels = try root.dataset("labels").read(as: UInt16.self)
    let size = try root.group("images").dataset(keys[0]).shape
    let harness = try ModelHarness(one.configuration, backend: backend, reference: (1, size[0], size[1]))
    let report = transplant(
      source: try golden.parameters("init.h5", under: ["model", "parameters"]), into: harness.network.parameters,
      harness.memory.master)
    #expect(report.left.isEmpty)
    harness.prepare()
    var sum = [Float](repeating: 0, count: harness.network.parameters.floatCount)
    for (key, label) in zip(keys, labels) {
      let bytes = try root.group("images").dataset(key).read(as: UInt8.self)
      let pixels = bytes.enumerated().map { (Float($1) - mean[$0 % 3]) / std[$0 % 3] }
      let logits = try harness.logits(pixels, height: size[0], width: size[1])
      #expect(relativeDifference(logits, try expected.group("logits").dataset(key).read(as: Float.self)) < 1e-4)
      let plan = try harness.network.plan(images: 1, height: size[0], width: size[1], training: true)
      plan.forward(pixels, harness.memory, dropoutKeys: nil)
      plan.backward(
        labels: [label], classWeights: [Float](repeating: 1, count: one.configuration.classes), ignoreLabel: 255,
        scale: 1 / Float(keys.count), into: harness.gradient.floats())
      for i in sum.indices { sum[i] += harness.gradient.floats()[i] }
    }
    let gradients = try golden.parameters("expected.h5", under: ["gradients"])
    #expect(!gradients.isEmpty)
    for parameter in harness.network.parameters.parameters {
      let reference = try #require(gradients[parameter.name])
      let difference = relativeDifference(parameter.exportCanonical(from: sum), reference.values)
      #expect(difference < 1e-3, "\(parameter.name): \(difference)")
    }
  }

  @Test(arguments: cases) func portable(_ one: Case) throws {
    try Self.check(one, PortableBackend(precision: .float32, threads: 2))
  }

  @Test(.enabled(if: OneDNNBackend.unavailabilityReason == nil, "needs oneDNN"), arguments: cases)
  func oneDNN(_ one: Case) throws {
    try Self.check(one, OneDNNBackend.make(precision: .float32, threads: 2))
  }
}
