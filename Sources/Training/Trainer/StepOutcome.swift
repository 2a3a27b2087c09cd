import RunLogging

/// What a step came to: the same on every trainer, but for the seconds.
package struct StepOutcome {
  package let record: StepRecord
  package let isStopRequested: Bool
  /// Why the step was left out, who holds up the others.
  package let warnings: [String]
}
