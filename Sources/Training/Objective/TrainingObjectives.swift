import Basics
import Model
import TrainingConfiguration

/// The objective of each task.
package enum TrainingObjectives {
  /// - Parameters:
  ///   - model: what is trained.
  ///   - configuration: of the training.
  ///   - classWeights: [classes].
  ///   - pool: shares the work of a loss.
  package static func make(
    _ model: ModelConfiguration, _ configuration: Configuration, classWeights: [Float], ignoreLabel: UInt16,
    pool: WorkerPool
  ) -> any TrainingObjective {
    switch model.architecture.task {
    case .semantic, .classification:
      if let loss = denseLoss(configuration.loss) {
        DenseLossObjective(
          loss, classWeights: classWeights, ignoreLabel: ignoreLabel, dropout: model.dropout > 0, pool: pool)
      } else {
        CrossEntropyObjective(
          classWeights: classWeights, ignoreLabel: ignoreLabel, labelSmoothing: configuration.loss.labelSmoothing,
          dropout: model.dropout > 0)
      }
    case .instances: InstanceObjective(model.detection, seed: configuration.train.seed)
    }
  }

  /// nil: cross-entropy, which the backend computes.
  private static func denseLoss(_ settings: Configuration.Loss) -> (any DenseLoss)? {
    switch settings.name {
    case .crossEntropy: nil
    case .focal: FocalLoss(gamma: settings.gamma)
    case .dice: DiceLoss(crossEntropy: settings.crossEntropy)
    case .lovasz: LovaszLoss(crossEntropy: settings.crossEntropy)
    case .onlineHardPixels: OnlineHardPixelLoss(threshold: settings.threshold, minimumCount: settings.minimumKept)
    }
  }
}
