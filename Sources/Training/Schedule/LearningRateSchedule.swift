import Basics
import TrainingConfiguration

/// The learning rate as a function of the step, and of the evaluations so far for `plateau`.
package struct LearningRateSchedule: Sendable {
  private let settings: Configuration.Schedule
  private let base: Double
  private let totalSteps: Int
  private let stepsAhead: Double

  /// - Parameters:
  ///   - base: `optimizer.learning_rate`.
  ///   - totalSteps: the length of the whole training, in which poly and cosine fall to their minimum.
  ///   - stepsAhead: offset in steps of a run whose earlier batches were of another size (`SampleCounts`): the decay
  ///     ignores these steps.
  package init(_ settings: Configuration.Schedule, base: Double, totalSteps: Int, stepsAhead: Double = 0) {
    self.settings = settings
    self.base = base
    self.totalSteps = totalSteps
    self.stepsAhead = stepsAhead
  }

  /// The learning rate of update number `step`, counted from 0.
  ///
  /// - Parameter reductions: how often `PlateauState` has reduced the rate by then.
  package func learningRate(atStep step: Int, reductions: Int = 0) -> Double {
    if step < settings.warmupSteps { return base * Double(step + 1) / Double(settings.warmupSteps) }
    switch settings.name {
    case .constant: return base
    case .step: return base * power(settings.gamma, Double((step - settings.warmupSteps) / settings.stepSize))
    case .multistep:
      return base * power(settings.gamma, Double(settings.milestones.count { $0 <= step }))
    case .poly: return interpolated(power(1 - progress(atStep: step), settings.power))
    case .cosine: return interpolated(0.5 * (1 + cosine(.pi * progress(atStep: step))))
    case .plateau: return max(settings.minimum, base * power(settings.factor, Double(reductions)))
    }
  }

  /// How much of the training after the warm-up is over at `step`, in 0 ... 1.
  private func progress(atStep step: Int) -> Double {
    let length = Double(totalSteps - settings.warmupSteps) - stepsAhead
    guard length > 0 else { return 1 }
    return min(1, max(0, Double(step - settings.warmupSteps) - stepsAhead) / length)
  }

  /// 1 is the base rate, 0 the minimum.
  private func interpolated(_ share: Double) -> Double { settings.minimum + (base - settings.minimum) * share }
}
