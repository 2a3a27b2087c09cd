import RunLogging

/// A point between two steps where something is due: an evaluation, a checkpoint, the end.
package struct StepBoundary: Codable, Equatable, Sendable {
  /// Why the process trains no further.
  package enum Ending: String, Codable, Sendable {
    /// All steps are done.
    case finished
    /// The validation stopped improving.
    case stoppedEarly
    /// The process was asked to stop and is to be started again.
    case interrupted
  }

  /// Updates done.
  package let step: Int
  package let isEvaluation: Bool
  package let isCheckpoint: Bool
  /// Set at the last boundary of the process.
  package let ending: Ending?
  /// The steps since the boundary before.
  package let records: [StepRecord]

  package init(step: Int, isEvaluation: Bool, isCheckpoint: Bool, ending: Ending?, records: [StepRecord]) {
    self.step = step
    self.isEvaluation = isEvaluation
    self.isCheckpoint = isCheckpoint
    self.ending = ending
    self.records = records
  }

  /// The boundary of a resumed run that is already complete; nil if steps remain. What its checkpoint holds already is not
  /// done again.
  package static func ofNoStep(
    _ start: StartingPoint, runSchedule: RunSchedule, policy: ValidationPolicy
  ) -> StepBoundary? {
    let isOver = start.step >= runSchedule.totalSteps
    // A new run cannot stop early.
    guard isOver || (start.step > 0 && policy.shouldStopEarly(after: start.step)) else { return nil }
    let isEvaluated = policy.results.contains { $0.step == start.step }
    let isEvaluation = !isEvaluated && runSchedule.isEvaluationDue(after: start.step)
    return StepBoundary(
      step: start.step, isEvaluation: isEvaluation, isCheckpoint: isEvaluation || !start.isStored,
      ending: isOver ? .finished : .stoppedEarly, records: [])
  }

  /// The ending that follows from the plan alone, and what is due.
  package static func due(
    after step: Int, runSchedule: RunSchedule, policy: ValidationPolicy, isStopRequested: Bool, records: [StepRecord]
  ) -> StepBoundary? {
    var ending: Ending?
    if step >= runSchedule.totalSteps {
      ending = .finished
    } else if policy.shouldStopEarly(after: step) {
      ending = .stoppedEarly
    } else if isStopRequested {
      ending = .interrupted
    }
    let isEvaluation = runSchedule.isEvaluationDue(after: step)
    let isCheckpoint = runSchedule.isCheckpointDue(after: step) || ending != nil
    guard isEvaluation || isCheckpoint else { return nil }
    return StepBoundary(
      step: step, isEvaluation: isEvaluation, isCheckpoint: isCheckpoint, ending: ending, records: records)
  }
}
