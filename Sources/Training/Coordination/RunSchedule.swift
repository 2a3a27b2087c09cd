import TrainingConfiguration

/// Which steps of a run evaluate and write checkpoints: a function of the configuration, the dataset's size and the
/// images seen before, known to every rank in advance.
package struct RunSchedule: Equatable, Sendable {
  package let totalSteps: Int
  package let evaluateEvery: Interval
  package let checkpointEvery: Interval
  package let counts: SampleCounts

  package init(totalSteps: Int, evaluateEvery: Interval, checkpointEvery: Interval, counts: SampleCounts) {
    self.totalSteps = totalSteps
    self.evaluateEvery = evaluateEvery
    self.checkpointEvery = checkpointEvery
    self.counts = counts
  }

  /// - Parameter canEvaluate: whether there is a split to evaluate on.
  package init(_ settings: Configuration.Train, canEvaluate: Bool, counts: SampleCounts) {
    self.init(
      totalSteps: counts.totalSteps(settings), evaluateEvery: canEvaluate ? settings.evaluateEvery : .never,
      checkpointEvery: settings.checkpointEvery, counts: counts)
  }

  package var totalEpochs: Double { counts.epochs(after: totalSteps) }

  /// After `step` updates.
  package func isEvaluationDue(after step: Int) -> Bool {
    guard evaluateEvery != .never, step > 0 else { return false }
    return step == totalSteps || counts.isDue(evaluateEvery, after: step)
  }

  /// After `step` updates.
  package func isCheckpointDue(after step: Int) -> Bool {
    step == totalSteps || counts.isDue(checkpointEvery, after: step)
  }

  /// Checkpoints are written on their own interval, or after an evaluation that is the best so far.
  package var mayWriteBeforeTheEnd: Bool { checkpointEvery != .never || evaluateEvery != .never }

  /// From which step on the evaluation after `step` may change anything: the next evaluation. A dedicated coordinator
  /// has until then to finish; a fixed delay makes the result independent of how fast it is.
  package func effectiveStep(ofEvaluationAfter step: Int) -> Int {
    var next = step + 1
    while next < totalSteps && !isEvaluationDue(after: next) { next += 1 }
    return next
  }
}
