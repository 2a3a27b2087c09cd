import TrainingConfiguration

/// Which steps of a run evaluate and write checkpoints: a function of the configuration and the dataset's size, known
/// to every rank in advance.
package struct RunSchedule: Equatable, Sendable {
  package let totalSteps: Int
  package let evaluateEvery: Interval
  package let checkpointEvery: Interval
  package let batch: Int
  package let sampleCount: Int

  package init(
    totalSteps: Int, evaluateEvery: Interval, checkpointEvery: Interval, batch: Int, sampleCount: Int
  ) {
    self.totalSteps = totalSteps
    self.evaluateEvery = evaluateEvery
    self.checkpointEvery = checkpointEvery
    self.batch = batch
    self.sampleCount = sampleCount
  }

  package var totalEpochs: Double { Double(totalSteps * batch) / Double(sampleCount) }

  /// After `step` updates.
  package func isEvaluationDue(after step: Int) -> Bool {
    guard evaluateEvery != .never, step > 0 else { return false }
    return step == totalSteps || evaluateEvery.isDue(afterStep: step, batch: batch, sampleCount: sampleCount)
  }

  /// After `step` updates.
  package func isCheckpointDue(after step: Int) -> Bool {
    step == totalSteps || checkpointEvery.isDue(afterStep: step, batch: batch, sampleCount: sampleCount)
  }

  /// Checkpoints are written by themselves or after an evaluation that is the best so far.
  package var mayWriteBeforeTheEnd: Bool { checkpointEvery != .never || evaluateEvery != .never }

  /// From which step on the evaluation after `step` may change anything: the next evaluation. A dedicated coordinator
  /// has until then to finish; a fixed delay makes the result independent of how fast it is.
  package func effectiveStep(ofEvaluationAfter step: Int) -> Int {
    var next = step + 1
    while next < totalSteps && !isEvaluationDue(after: next) { next += 1 }
    return next
  }
}
