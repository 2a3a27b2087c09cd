import Basics
import Kernels
import Model
import TestSupport
import Testing

/// The largest difference, in units of the largest expected magnitude.
func relativeDifference(_ values: [Float], _ expected: [Float]) -> Float {
  guard values.count == expected.count else { return .infinity }
  let scale = expected.reduce(Float.leastNormalMagnitude) { max($0, abs($1)) }
  return zip(values, expected).reduce(0) { $1.0.isNaN ? .infinity : max($0, abs($1.0 - $1.1) / scale) }
}

/// The backend against an independent float64 implementation. Skipped where ../shared/golden is not there.
@Suite(.serialized, .enabled(if: SharedFolder.golden != nil, "needs ../shared/golden"))
struct GoldenTests {
  static func harness(_ golden: GoldenCase, _ backend: any Backend) throws -> ModelHarness {
    let sample = try golden.samples("train")[0]
    let harness = try ModelHarness(
      golden.configuration, backend: backend, reference: (1, sample.height, sample.width))
    let report = transplant(
      source: try golden.parameters("init.h5", under: ["model", "parameters"]), into: harness.network.parameters,
      harness.memory.master)
    #expect(report.left.isEmpty)
    harness.prepare()
    return harness
  }

  static func checkLogits(_ golden: GoldenCase, _ backend: any Backend, tolerance: Float) throws {
    let harness = try harness(golden, backend)
    for split in ["train", "val"] {
      for sample in try golden.samples(split) {
        for training in [false, true] {
          let logits = try harness.logits(
            sample.pixels, height: sample.height, width: sample.width, training: training)
          let difference = relativeDifference(logits, try golden.logits(split, sample))
          #expect(difference < tolerance, "\(split)/\(sample.key), training \(training): \(difference)")
        }
      }
    }
  }

  static func checkFirstStep(_ golden: GoldenCase, _ backend: any Backend, tolerance: Float) throws {
    let harness = try harness(golden, backend)
    let samples = try golden.samples("train")
    let weights = golden.classWeights ?? [Float](repeating: 1, count: golden.configuration.classes)
    let normaliser: Double =
      switch golden.normalization {
      case .pixels:
        samples.flatMap(\.labels).reduce(0) { $1 == 255 ? $0 : $0 + Double(weights[Int($1)]) }
      case .batch: Double(samples.count)
      case .sum: 1
      }
    var sum = [Float](repeating: 0, count: harness.network.parameters.floatCount)
    var loss = 0.0
    for sample in samples {
      let plan = try harness.network.plan(images: 1, height: sample.height, width: sample.width, training: true)
      plan.forward(sample.pixels, harness.memory, dropoutKeys: nil)
      loss +=
        plan.backward(
          labels: sample.labels, classWeights: weights, ignoreLabel: 255, scale: Float(1 / normaliser),
          into: harness.gradient.floats()
        ).weightedLoss / normaliser
      for i in sum.indices { sum[i] += harness.gradient.floats()[i] }
    }
    let expectedLoss = try golden.firstLoss()
    #expect(abs(loss - expectedLoss) < Double(tolerance) / 10 * abs(expectedLoss))
    let expected = try golden.parameters("expected.h5", under: ["gradients"])
    #expect(!expected.isEmpty)
    for parameter in harness.network.parameters.parameters {
      let gradient = parameter.exportCanonical(from: sum)
      guard let reference = expected[parameter.name] else {
        #expect(!parameter.isUpdated)
        #expect(gradient.allSatisfy { $0 == 0 })
        continue
      }
      let difference = relativeDifference(gradient, reference.values)
      #expect(difference < tolerance, "\(parameter.name): \(difference)")
    }
  }

  static func checkConfusion(_ golden: GoldenCase, _ backend: any Backend) throws {
    let harness = try harness(golden, backend)
    let classes = golden.configuration.classes
    var confusion = [Int64](repeating: 0, count: classes * classes)
    for sample in try golden.samples("val") {
      let plan = try harness.network.plan(images: 1, height: sample.height, width: sample.width, training: false)
      plan.forward(sample.pixels, harness.memory, dropoutKeys: nil)
      var predicted = [UInt16](repeating: .max, count: sample.labels.count)
      plan.classes(into: &predicted)
      for (label, prediction) in zip(sample.labels, predicted) where label != 255 {
        confusion[Int(label) * classes + Int(prediction)] += 1
      }
    }
    let expected = try golden.confusion()
    #expect(confusion.reduce(0, +) == expected.reduce(0, +))
    let moved = zip(confusion, expected).reduce(0) { $0 + abs($1.0 - $1.1) } / 2
    #expect(moved * 1000 <= expected.reduce(0, +), "\(moved) pixels in other cells")
  }

  @Test(arguments: GoldenCase.all) func portableLogits(_ golden: GoldenCase) throws {
    try Self.checkLogits(golden, PortableBackend(precision: .float32, threads: 2), tolerance: 1e-4)
  }

  @Test(arguments: GoldenCase.all) func portableFirstStep(_ golden: GoldenCase) throws {
    try Self.checkFirstStep(golden, PortableBackend(precision: .float32, threads: 2), tolerance: 1e-3)
  }

  @Test(arguments: GoldenCase.all) func portableConfusion(_ golden: GoldenCase) throws {
    try Self.checkConfusion(golden, PortableBackend(precision: .float32, threads: 2))
  }

  @Test(arguments: GoldenCase.all) func portableBFloat16Logits(_ golden: GoldenCase) throws {
    try Self.checkLogits(golden, PortableBackend(precision: .bfloat16, threads: 2), tolerance: 3e-2)
  }

  // MARK: oneDNN, where it is installed

  private static let hasOneDNN = OneDNNBackend.unavailabilityReason == nil

  @Test(.enabled(if: hasOneDNN, "needs oneDNN"), arguments: GoldenCase.all)
  func oneDNNLogitsAndConfusion(_ golden: GoldenCase) throws {
    let backend = try OneDNNBackend.make(precision: .float32, threads: 2)
    try Self.checkLogits(golden, backend, tolerance: 1e-4)
    try Self.checkConfusion(golden, backend)
  }

  @Test(.enabled(if: hasOneDNN, "needs oneDNN"), arguments: GoldenCase.all)
  func oneDNNFirstStep(_ golden: GoldenCase) throws {
    try Self.checkFirstStep(golden, OneDNNBackend.make(precision: .float32, threads: 2), tolerance: 1e-3)
  }

  @Test(
    .enabled(if: OneDNNBackend.supports(.bfloat16), "needs bfloat16 in oneDNN"), arguments: GoldenCase.all)
  func oneDNNBFloat16Logits(_ golden: GoldenCase) throws {
    try Self.checkLogits(golden, OneDNNBackend.make(precision: .bfloat16, threads: 2), tolerance: 3e-2)
  }
}
