import TrainingConfiguration

/// What the plateau schedule remembers of the evaluations: a function of their results, in order, and nothing else.
package struct PlateauState: Equatable, Sendable {
  /// The best score that counted as progress; nil before the first evaluation.
  package var best: Double?
  /// Evaluations since the last progress or reduction.
  package var evaluationsWithoutProgress = 0
  /// How often the rate was reduced.
  package var reductions = 0

  package init() {}

  /// The state after `results`, the score of each evaluation in order.
  package init(after results: [Double], settings: Configuration.Schedule) {
    for result in results { observe(result, settings: settings) }
  }

  /// Counts one more evaluation in. A result that is not a number is no progress.
  package mutating func observe(_ score: Double, settings: Configuration.Schedule) {
    let isProgress =
      best.map { score > $0 + settings.threshold } ?? !score.isNaN
    if isProgress {
      best = score
      evaluationsWithoutProgress = 0
      return
    }
    evaluationsWithoutProgress += 1
    if evaluationsWithoutProgress > settings.patience {
      reductions += 1
      evaluationsWithoutProgress = 0
    }
  }
}
