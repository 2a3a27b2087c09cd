import Basics
import Kernels
import Model
import Testing

@Suite struct InitialisationTests {
  private func harness(
    _ configuration: ModelConfiguration, seed: UInt64 = 1, precision: Precision = .float32
  ) throws -> ModelHarness {
    try ModelHarness(
      configuration, backend: PortableBackend(precision: precision, threads: 2), reference: (1, 32, 32), seed: seed)
  }

  @Test func backboneIsHeNormal() throws {
    let harness = try harness(ModelConfiguration(widths: [16, 32, 64, 64, 64], fc: 256, classes: 5))
    for parameter in harness.network.parameters.parameters
    where parameter.kind == .weight && !parameter.layer.contains("score") {
      let values = harness.canonical(parameter.name, in: harness.master).map(Double.init)
      let deviation = (2 / Double(parameter.canonicalShape.dropFirst().reduce(1, *))).squareRoot()
      let count = Double(values.count)
      let mean = values.reduce(0, +) / count
      let variance = values.reduce(0) { $0 + $1 * $1 } / count
      let fourth = values.reduce(0) { $0 + $1 * $1 * $1 * $1 } / count
      // Within five standard errors.
      #expect(abs(mean) < 5 * deviation / count.squareRoot(), "\(parameter.name)")
      #expect(abs(variance / (deviation * deviation) - 1) < 5 * (2 / count).squareRoot(), "\(parameter.name)")
      #expect(abs(fourth / (variance * variance) - 3) < 5 * (96 / count).squareRoot(), "\(parameter.name)")
    }
  }

  @Test func tailsAreThoseOfANormalDistribution() throws {
    let harness = try harness(ModelConfiguration(widths: [8, 8, 8, 8, 64], fc: 512, classes: 2))
    let values = harness.canonical("fc6/weight", in: harness.master)
    let deviation = (2 / Float(64 * 49)).squareRoot()
    for (limit, share) in [(1, 0.317_310_5), (2, 0.045_500_3), (3, 0.002_699_8), (4, 6.334_2e-5)] {
      let beyond = Double(values.filter { abs($0) > Float(limit) * deviation }.count)
      let expected = share * Double(values.count)
      #expect(abs(beyond - expected) < 5 * expected.squareRoot(), "beyond \(limit): \(beyond), expected \(expected)")
    }
  }

  @Test func biasesAndScoresAreZeroAndUpsamplingInterpolates() throws {
    let harness = try harness(.tiny())
    for parameter in harness.network.parameters.parameters {
      let values = harness.canonical(parameter.name, in: harness.master)
      if parameter.kind == .bias || parameter.layer.hasPrefix("score") {
        #expect(values.allSatisfy { $0 == 0 }, "\(parameter.name)")
      }
    }
    let upscore2 = harness.canonical("upscore2/weight", in: harness.master)
    let row: [Float] = [0.25, 0.75, 0.75, 0.25]
    for input in 0..<3 {
      for output in 0..<3 {
        for y in 0..<4 {
          for x in 0..<4 {
            #expect(
              upscore2[((input * 3 + output) * 4 + y) * 4 + x] == (input == output ? row[y] * row[x] : 0))
          }
        }
      }
    }
    #expect(try harness.logits(modelRandom(32 * 32 * 2, stream: 1), height: 32, width: 32).allSatisfy { $0 == 0 })
  }

  @Test func sharedLayersStartTheSameInEveryArchitecture() throws {
    let fcn32s = try harness(.tiny(.fcn32s))
    let fcn8s = try harness(.tiny(.fcn8s), precision: .bfloat16)
    let other = try harness(.tiny(.fcn8s), seed: 2)
    for name in ["conv1_1/weight", "conv5_3/weight", "fc7/weight"] {
      let values = fcn32s.canonical(name, in: fcn32s.master)
      #expect(fcn8s.canonical(name, in: fcn8s.master) == values)
      #expect(other.canonical(name, in: other.master) != values)
    }
    #expect(
      Set(["conv3_2/weight", "conv3_3/weight"].map { fcn8s.canonical($0, in: fcn8s.master) }).count == 2)
  }

  /// Part of the exactness promise: the same start on every machine, with every release.
  @Test func bitsArePinned() throws {
    let harness = try harness(.tiny())
    #expect(CRC32C.checksum(harness.canonical("conv1_1/weight", in: harness.master)) == 3_172_931_456)
    #expect(CRC32C.checksum(harness.canonical("fc6/weight", in: harness.master)) == 98_012_227)
  }

  @Test(.enabled(if: OneDNNBackend.unavailabilityReason == nil, "needs oneDNN"))
  func everyBackendStartsFromTheSameBits() throws {
    let portable = try harness(.tiny())
    let fast = try ModelHarness(
      .tiny(), backend: OneDNNBackend.make(precision: .float32, threads: 1), reference: (1, 32, 32))
    for parameter in portable.network.parameters.parameters {
      #expect(
        portable.canonical(parameter.name, in: portable.master) == fast.canonical(parameter.name, in: fast.master))
    }
  }
}
