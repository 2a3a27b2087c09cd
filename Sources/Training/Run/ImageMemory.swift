import Basics
import Model
import SegmentationData
import TrainingConfiguration

/// The memory that the largest images of a run want for one pass through the network: the one need that grows with the
/// data, and that nobody sees in the configuration.
struct ImageMemory {
  private let inputs: TrainingInputs
  private let network: Network

  init(_ inputs: TrainingInputs, _ network: Network) {
    self.inputs = inputs
    self.network = network
  }

  /// Below so many pixels nobody runs out of memory because of an image.
  private static let harmlessPixelCount = 4_000_000

  /// - Parameter available: bytes that a rank can have.
  /// - Throws: `Failure(.configuration)` that says how much would be needed, and how to do with less.
  func check(available: Int) throws {
    let augment = inputs.configuration.data.augment
    let micro = inputs.configuration.batch.micro
    if augment.crop == nil, let size = Self.largest(inputs.training) {
      try check(
        try network.byteCount(images: micro, height: size.height, width: size.width, training: true), size,
        "training on", available,
        remedy: "train on random pieces of them: --set data.augment.crop=[512,512]")
    }
    if let validation = inputs.validation, inputs.configuration.train.evaluateEvery != .never,
      let size = Self.largest(validation)
    {
      let images = EvaluationBatch.imageCount(height: size.height, width: size.width, atLeast: micro)
      try check(
        try network.byteCount(images: images, height: size.height, width: size.width, training: false), size,
        "evaluating", available,
        remedy: "cut the images of the val split into tiles before they are imported, or leave evaluations out with "
          + "--set train.evaluate_every=never")
    }
  }

  private func check(
    _ needed: Int, _ size: (height: Int, width: Int), _ work: String, _ available: Int, remedy: String
  ) throws {
    guard needed > available else { return }
    throw Failure(
      .configuration,
      "\(work) images of \(size.height) x \(size.width) pixels takes \(Self.gibibytes(needed)) GiB of memory for each "
        + "rank, and \(Self.gibibytes(available)) GiB are available to it",
      remedy: remedy)
  }

  private static func gibibytes(_ bytes: Int) -> String { fixed(Double(bytes) / 0x1p30, 1) }

  /// The largest size; nil where it is harmless.
  private static func largest(_ dataset: Dataset) -> (height: Int, width: Int)? {
    let sizes = (0..<dataset.info.sampleCount).lazy.map { dataset.size($0) }
    let largest = sizes.max { $0.height * $0.width < $1.height * $1.width }
    return largest.flatMap { $0.height * $0.width > harmlessPixelCount ? ($0.height, $0.width) : nil }
  }
}
