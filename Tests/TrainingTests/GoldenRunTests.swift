import Basics
import Collectives
import Foundation
import Kernels
import RunLogging
import Storage
import TestSupport
import Testing
import Training
import TrainingConfiguration

/// Trainings of ../shared/golden from their own configuration files, against float64: the loss before each step and the
/// parameters after the first and the last. Skipped where ../shared/golden is not there.
@Suite(.serialized, .enabled(if: SharedFolder.golden != nil, "needs ../shared/golden"))
struct GoldenRunTests {
  static let cases = [
    "fcn32s-fixed", "fcn16s-learned", "fcn8s-mixed-sizes", "fcn8s-published", "fcn8s-four-channels",
    "vgg16-same", "vgg16-valid",
  ]
  static let backends = ["portable", "onednn"]

  @Test(arguments: cases, backends) func trainsAsTheReferenceDoes(name: String, backend: String) throws {
    if backend == "onednn", OneDNNBackend.unavailabilityReason != nil { return }
    let source = try #require(SharedFolder.golden) + "/" + name
    let folder = TemporaryFolder()
    let file = source + "/config.yaml"
    let settings = try Configuration(
      yaml: String(contentsOfFile: file, encoding: .utf8), file: file,
      overrides: ["train.checkpoint_every=1", "train.keep=9"])
    let backend: any Backend =
      backend == "portable"
      ? try PortableBackend(precision: .float32, threads: 1) : try OneDNNBackend.make(precision: .float32, threads: 1)
    let ending = try TrainingRun(
      settings,
      options: TrainingOptions(dataFolder: source, outputFolder: folder.path, initialise: source + "/init.h5"),
      world: SoloProcessGroup(), backend: backend
    ).run(console: Console(isTerminal: false) { _ in })
    #expect(ending == .finished)

    let expected = try HDF5File.open(source + "/expected.h5")
    let losses: [Double] = try expected.root.dataset("loss").read(as: Double.self)
    let last = try RunHarness.checkpoint(folder.path, step: losses.count)
    guard case .reals(let found)? = last.state.history["steps"]?["loss"] else {
      Issue.record("no losses")
      return
    }
    for (a, b) in zip(found, losses) { #expect(abs(a - b) <= 1e-4 * abs(b), "loss \(a), expected \(b)") }
    for step in [1, losses.count] {
      for tensor in try RunHarness.checkpoint(folder.path, step: step).state.parameters {
        let reference = try expected.root.dataset("after/\(step)/\(tensor.name)").read(as: Float.self)
        let values = try tensor.values()
        let largest = reference.map(abs).max() ?? 0
        let error = zip(values, reference).map { abs($0 - $1) }.max() ?? 0
        #expect(error <= 1e-4 * largest, "\(tensor.name) after step \(step): off by \(error), largest \(largest)")
      }
    }
  }
}
