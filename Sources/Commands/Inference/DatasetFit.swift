import Basics
import Model
import SegmentationData
import Training

/// Whether a model can be run on a dataset.
enum DatasetFit {
  static func check(_ dataset: Dataset, _ model: TrainedModel, file: String) throws {
    let configuration = model.network.configuration
    try TrainingInputs.checkTask(configuration.architecture, dataset.info, folder: dataset.folder)
    guard dataset.info.channels == configuration.channels else {
      throw Failure(
        .badData,
        "\(file) takes images of \(configuration.channels) channels, those of \(dataset.folder) have "
          + "\(dataset.info.channels)")
    }
    guard dataset.info.classCount == configuration.classes else {
      throw Failure(
        .badData, "\(file) knows \(configuration.classes) classes, \(dataset.folder) has \(dataset.info.classCount)",
        remedy: "use the dataset, or one with the classes, that it was trained on")
    }
    guard dataset.sampleCount > 0 else { return }
    try model.normalisation.check(
      try dataset.read(0), name: "image '\(dataset.key(0))' of \(dataset.folder)")
  }
}
