import Basics
import Exchange
import SegmentationData
import TrainingConfiguration

/// Decides about steps whose loss or gradient is not finite: the same on every trainer, for all have the same reduction.
final class NonFiniteSteps {
  private let action: Configuration.Train.NonFinite
  private let plan: MicroBatchPlan
  private let sampler: Sampler
  private let counts: SampleCounts
  private let dataset: Dataset
  private var skippedInARow = 0
  private static let mostSkippedInARow = 10

  init(
    action: Configuration.Train.NonFinite, plan: MicroBatchPlan, sampler: Sampler, counts: SampleCounts,
    dataset: Dataset
  ) {
    self.action = action
    self.plan = plan
    self.sampler = sampler
    self.counts = counts
    self.dataset = dataset
  }

  /// - Returns: why no rank may apply step `step`, for people; nil where it is finite.
  /// - Throws: the same `Failure` on every trainer, where `train.nonfinite` says so or too many steps in a row were
  ///   skipped.
  func skipReason(_ reduction: StepReduction, step: Int) throws -> String? {
    guard !reduction.isFinite else {
      skippedInARow = 0
      return nil
    }
    skippedInARow += 1
    let failure = failure(reduction, step: step)
    guard action == .skip, skippedInARow <= Self.mostSkippedInARow else { throw failure }
    return failure.message
  }

  /// The same words on every trainer: whichever ends the job first says all there is to say.
  private func failure(_ reduction: StepReduction, step: Int) -> Failure {
    let microBatches = reduction.nonFiniteMicroBatches
    let positions =
      microBatches.isEmpty
      ? Array(0..<plan.globalBatch) : microBatches.flatMap { Array(plan.positions(ofMicroBatch: $0)) }
    let first = counts.position(after: step)
    let keys = positions.map { dataset.key(sampler.sample(atPosition: first + $0).sample) }
    let what =
      (microBatches.isEmpty
        ? "the gradient is not finite after the samples " : "the loss is not finite on the samples ")
      + keys.prefix(8).joined(separator: ", ") + (keys.count > 8 ? " and \(keys.count - 8) more" : "")
    let row = skippedInARow > 1 ? ", the \(skippedInARow). in a row" : ""
    return Failure(
      .badData, "step \(step + 1)\(row): \(what); no rank has applied the step",
      remedy: "look at these samples with 'fcn-dist dataset show', lower optimizer.learning_rate, or set "
        + "optimizer.gradient_clip; the last checkpoint is untouched")
  }
}
