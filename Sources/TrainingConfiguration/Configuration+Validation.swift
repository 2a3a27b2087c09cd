import Basics
import Model

extension Configuration {
  /// Checks what concerns more than one key. `Configuration+Reading` checks names, kinds and ranges of single ones.
  ///
  /// - Parameter file: what messages call the configuration.
  package func validate(file: String) throws {
    func fail(_ message: String, _ remedy: String) -> Failure {
      Failure(.configuration, "\(file): \(message)", remedy: remedy)
    }
    if batch.micro > batch.global {
      throw fail("batch.micro (\(batch.micro)) is larger than batch.global (\(batch.global))", "make it smaller")
    }
    if let mean = data.mean, let std = data.std, mean.count != std.count {
      throw fail("data.mean has \(mean.count) values and data.std \(std.count)", "give one per channel in both")
    }
    if (data.mean == nil) != (data.std == nil) {
      throw fail("only one of data.mean and data.std is given", "give both, or neither to have them measured")
    }
    if let channels = model.channels, let mean = data.mean, mean.count != channels {
      throw fail("data.mean has \(mean.count) values and model.channels is \(channels)", "give one per channel")
    }
    if let classes = model.classes, case .values(let weights) = loss.classWeights, weights.count != classes {
      throw fail("loss.class_weights has \(weights.count) values and model.classes is \(classes)", "give one per class")
    }
    if loss.name != .crossEntropy, loss.labelSmoothing > 0 {
      throw fail(
        "loss.label_smoothing is for loss.name: cross-entropy, and loss.name is \(loss.name.rawValue)", "set it to 0")
    }
    if loss.crossEntropy > 0, ![.dice, .lovasz].contains(loss.name) {
      throw fail(
        "loss.cross_entropy is what is added to dice and lovasz, and loss.name is \(loss.name.rawValue)", "leave it out"
      )
    }
    if loss.name.isOfImage, model.architecture.task == .classification {
      throw fail(
        "loss.name: \(loss.name.rawValue) is for networks that label pixels, and model.architecture is "
          + "\(model.architecture.rawValue)", "use cross-entropy or focal")
    }
    let parts = distributed.wireParts
    if parts.nonzeroBitCount != 1 {
      throw fail("distributed.wire_parts is \(parts), not a power of two", "use the next one")
    }
    if distributed.wire == .bfloat16 && !distributed.reproducible {
      throw fail(
        "distributed.wire: bfloat16 needs distributed.reproducible: true",
        "leave one of them at its default: the transport's own sum knows only float32")
    }
    if schedule.name == .multistep,
      schedule.milestones.isEmpty || zip(schedule.milestones, schedule.milestones.dropFirst()).contains(where: >=)
    {
      throw fail(
        "schedule.milestones is \(schedule.milestones.isEmpty ? "none" : "\(schedule.milestones)")",
        "give the steps after which the rate falls, each larger than the one before: [60000, 80000]")
    }
    if schedule.minimum > optimizer.learningRate {
      throw fail(
        "schedule.minimum (\(schedule.minimum)) is above optimizer.learning_rate (\(optimizer.learningRate))",
        "make it smaller")
    }
  }
}
