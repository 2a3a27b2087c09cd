import Basics
import Model
import SegmentationData
import TrainingConfiguration

/// The memory that the largest images of a run want for one pass through the network: the one need that grows with the
/// data, and that nobody sees in the configuration.
package struct ImageMemory {
  private let configuration: Configuration
  private let network: Network
  private let training: Dataset?
  private let validation: Dataset?

  /// - Parameters:
  ///   - training: the train split; nil where it is not known yet.
  ///   - validation: the val split; nil where there is none.
  package init(_ configuration: Configuration, _ network: Network, training: Dataset?, validation: Dataset?) {
    self.configuration = configuration
    self.network = network
    self.training = training
    self.validation = validation
  }

  /// Whether nobody runs out of memory because of an image of that size.
  package static func isHarmless(height: Int, width: Int) -> Bool { height * width <= 4_000_000 }

  /// - Parameter what: the work, and what it is done to.
  /// - Throws: `Failure(.configuration)` that says how much is needed, where it is more than there is for a rank.
  package static func check(_ needed: Int, available: Int, _ what: String, remedy: String) throws {
    guard needed > available else { return }
    throw Failure(
      .configuration,
      "\(what) takes \(gibibytes(needed)) GiB of memory for each rank, and \(gibibytes(available)) GiB are available "
        + "to it", remedy: remedy)
  }

  /// - Parameter available: bytes that a rank can have.
  /// - Throws: `Failure(.configuration)` that says how much would be needed, and how to do with less.
  package func check(available: Int) throws {
    let micro = configuration.batch.micro
    if configuration.data.augment.crop == nil, let size = largest(training) {
      try Self.check(
        try network.byteCount(images: micro, height: size.height, width: size.width, training: true),
        available: available, "training on images of \(size.height) x \(size.width) pixels",
        remedy: network.configuration.frame == nil
          ? "train on random pieces of them: --set data.augment.crop=[512,512]" : Self.smallerFrame)
    }
    if configuration.train.evaluateEvery != .never, let size = largest(validation) {
      let images = EvaluationBatch.imageCount(height: size.height, width: size.width, atLeast: micro)
      try Self.check(
        try network.byteCount(images: images, height: size.height, width: size.width, training: false),
        available: available, "evaluating images of \(size.height) x \(size.width) pixels",
        remedy: remedyForEvaluation + ", or leave evaluations out with --set train.evaluate_every=never")
    }
  }

  private var remedyForEvaluation: String {
    switch network.configuration.architecture.task {
    case .semantic: "cut the images of the val split into tiles before they are imported"
    case .classification: Self.smallerImages
    case .instances: Self.smallerFrame
    }
  }

  private static let smallerFrame = "lower detection.max_size"
  /// What is to be done with images that are classified as a whole.
  package static let smallerImages = "make the images smaller: a class is told by some hundred pixels a side"

  private static func gibibytes(_ bytes: Int) -> String { fixed(Double(bytes) / 0x1p30, 1) }

  /// As it goes through the network where nothing is cropped.
  private func largest(_ dataset: Dataset?) -> (height: Int, width: Int)? {
    let frame = network.configuration.frame
    return dataset.flatMap { dataset in
      Self.largest(dataset) { size in frame.map { InstanceFrame.padded($0.resized(size)) } ?? size }
    }
  }

  /// The largest size; nil where it is harmless.
  ///
  /// - Parameter size: what becomes of an image's size before it goes through the network.
  package static func largest(
    _ dataset: Dataset, as size: ((height: Int, width: Int)) -> (height: Int, width: Int) = { $0 }
  ) -> (height: Int, width: Int)? {
    let sizes = (0..<dataset.info.sampleCount).map { size(dataset.size($0)) }
    let largest = sizes.max { $0.height * $0.width < $1.height * $1.width }
    return largest.flatMap { isHarmless(height: $0.height, width: $0.width) ? nil : ($0.height, $0.width) }
  }
}
