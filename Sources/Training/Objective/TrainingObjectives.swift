import Basics
import Model
import TrainingConfiguration

/// The objective of each task.
package enum TrainingObjectives {
  /// - Parameters:
  ///   - model: what is trained.
  ///   - configuration: of the training.
  ///   - classWeights: [classes].
  package static func make(
    _ model: ModelConfiguration, _ configuration: Configuration, classWeights: [Float], ignoreLabel: UInt16
  ) -> any TrainingObjective {
    switch model.architecture.task {
    case .semantic, .classification:
      CrossEntropyObjective(
        classWeights: classWeights, ignoreLabel: ignoreLabel, labelSmoothing: configuration.loss.labelSmoothing,
        dropout: model.dropout > 0)
    case .instances: InstanceObjective(model.detection, seed: configuration.train.seed)
    }
  }
}
