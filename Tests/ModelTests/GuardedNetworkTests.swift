import Basics
import Kernels
import Model
import Testing

/// Whole networks with every buffer between inaccessible pages, at sizes that nothing divides. An access beyond a
/// buffer ends the test's process.
@Suite(
  .serialized,
  .enabled(if: OneDNNBackend.unavailabilityReason == nil, "oneDNN can't be used here: launch/setup installs it"))
struct GuardedNetworkTests {
  struct Case: CustomStringConvertible, Sendable {
    let architecture: Architecture
    let geometry: Geometry
    let precision: Precision
    let threads: Int

    var description: String { "\(architecture) \(geometry) \(precision) \(threads)" }

    /// Wide enough that every form that a layer can take is taken.
    func configuration(channels: Int, classes: Int) -> ModelConfiguration {
      ModelConfiguration(
        architecture: architecture, geometry: geometry, upsampling: threads == 2 ? .fixed : .learned,
        widths: [32, 48, 64, 32, 64], fc: 96, pool4Scale: 0.5, classes: classes, channels: channels)
    }
  }

  static let cases = Architecture.allCases.filter { $0.task != .instances }.flatMap { architecture in
    // Geometry valid wants images too large for this.
    architecture.geometries.filter { $0 != .valid }.flatMap { geometry in
      Precision.allCases.filter(OneDNNBackend.supports).flatMap { precision in
        [1, 2, 3].map { Case(architecture: architecture, geometry: geometry, precision: precision, threads: $0) }
      }
    }
  }

  /// Loss, gradients and logits of a step, then of an inference.
  private func results(
    _ configuration: ModelConfiguration, _ backend: any Backend, _ size: (height: Int, width: Int)
  ) throws -> [Float] {
    let harness = try ModelHarness(configuration, backend: backend, reference: (2, size.height, size.width))
    try harness.randomiseScoresAndBiases()
    let batch = Batch(images: 2, height: size.height, width: size.width, configuration: configuration)
    let loss = try harness.loss(batch, dropoutKeys: [7, 8], withGradient: true)
    let gradients = harness.network.parameters.parameters.flatMap { harness.canonical($0.name, in: harness.gradient) }
    let logits = try harness.logits(batch.pixels, images: 2, height: size.height, width: size.width)
    return [Float(loss)] + gradients + logits
  }

  @Test(arguments: cases) func nothingIsTouchedBeyondItsBuffer(_ one: Case) throws {
    for (height, width, channels, classes) in [(33, 47, 1, 11), (65, 31, 4, 21)] {
      let configuration = one.configuration(channels: channels, classes: classes)
      let backend = try OneDNNBackend.make(precision: one.precision, threads: one.threads)
      let plain = try results(configuration, backend, (height, width))
      let guarded = try results(configuration, GuardedBackend(backend), (height, width))
      #expect(plain.allSatisfy { $0.isFinite })
      #expect(plain == guarded)
    }
  }
}
