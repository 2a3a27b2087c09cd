import Basics
import Basics
import Checkpoints
import SegmentationData
import TrainingConfiguration

/// What a run measures on the training images where the configuration leaves it open. Rank 0 measures, all others are
/// told: one pass over the files, and one truth.
struct MeasuredData: Codable {
  /// Per channel, in the units of the stored pixels; empty where the configuration gives mean and std.
  let mean: [Float]
  let std: [Float]
  /// The file that mean and std come from; nil where the images were measured.
  let source: String?
  /// Per class; empty where the loss weights all classes alike or as the configuration says.
  let medianFrequencyWeights: [Float]

  /// - Parameter parameters: a file that the training begins from: parameters want images as they were trained on.
  init(_ dataset: Dataset, for settings: Configuration, parameters: String?, threads: Int) throws {
    let isOpen = settings.data.mean == nil || settings.data.std == nil
    let given = isOpen ? try parameters.flatMap { try ParameterFile($0).normalisation } : nil
    let fits = given.map { $0.mean.count == dataset.info.channels && $0.std.count == dataset.info.channels } ?? false
    source = fits ? parameters : nil
    let needsPixels = isOpen && !fits
    let needsWeights: Bool
    switch settings.loss.classWeights {
    case .none, .values: needsWeights = false
    case .medianFrequency, .squareRootMedianFrequency: needsWeights = true
    }
    guard needsPixels || needsWeights else {
      mean = fits ? given?.mean ?? [] : []
      std = fits ? given?.std ?? [] : []
      medianFrequencyWeights = []
      return
    }
    let statistics = try DatasetStatistics.compute(dataset, includingPixels: needsPixels, threads: threads)
    mean = fits ? given?.mean ?? [] : statistics.normalisation.mean
    std = fits ? given?.std ?? [] : statistics.normalisation.std
    medianFrequencyWeights = statistics.medianFrequencyWeights.map { Float($0) }
  }

  /// One per class, as the configuration asks.
  func classWeights(_ wish: Configuration.Loss.ClassWeights, classCount: Int) throws -> [Float] {
    switch wish {
    case .none: return [Float](repeating: 1, count: classCount)
    case .medianFrequency: return medianFrequencyWeights
    case .squareRootMedianFrequency: return medianFrequencyWeights.map { $0.squareRoot() }
    case .values(let values):
      guard values.count == classCount else {
        throw Failure(
          .configuration, "loss.class_weights has \(values.count) values, and the dataset has \(classCount) classes",
          remedy: "give one weight per class")
      }
      return values
    }
  }
}
