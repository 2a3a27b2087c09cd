import RunLogging

/// What the evaluations so far mean for the training: the learning rate, the best checkpoint, whether to stop. A pure
/// function of the configuration and the list of evaluations, so that every rank and every resumed run comes to the
/// same decisions.
package struct ValidationPolicy: Equatable, Sendable {
  package let runSchedule: RunSchedule
  package let earlyStop: Int?
  /// In the order of their steps.
  package private(set) var results: [EvaluationRecord] = []

  package init(runSchedule: RunSchedule, earlyStop: Int?) {
    self.runSchedule = runSchedule
    self.earlyStop = earlyStop
  }

  /// Adds results; those already known are passed over.
  package mutating func record(_ new: [EvaluationRecord]) {
    for result in new where result.step > (results.last?.step ?? 0) { results.append(result) }
  }

  /// The best result so far: the first of equals.
  package var best: EvaluationRecord? {
    results.reduce(nil) { best, result in
      if let best, best.score >= result.score { return best }
      return result
    }
  }

  /// The results that may change what happens from `step` on.
  package func effectiveResults(atStep step: Int) -> ArraySlice<EvaluationRecord> {
    results.prefix { runSchedule.effectiveStep(ofEvaluationAfter: $0.step) <= step }
  }

  /// Whether the training ends after `step` updates because the validation stopped improving. Trainers hear of a
  /// dedicated coordinator's results at the step where these take effect, when what happens after that step is decided
  /// already: so they count from the next step on, for everybody.
  package func shouldStopEarly(after step: Int) -> Bool {
    guard let earlyStop else { return false }
    var best = -Double.infinity
    var without = 0
    for result in effectiveResults(atStep: step - 1) {
      if result.score > best {
        best = result.score
        without = 0
      } else {
        without += 1
      }
      if without >= earlyStop { return true }
    }
    return false
  }
}
