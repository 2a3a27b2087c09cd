/// How often something is done during the training.
package enum Interval: Equatable, Sendable {
  case never
  /// After every so many steps.
  case steps(Int)
  /// After the step that completes an epoch.
  case epoch

  /// Is it due after `step` steps (1 is after the first)?
  ///
  /// - Parameters:
  ///   - batch: images of one step.
  ///   - sampleCount: images of one epoch, which `batch` need not divide.
  ///   - positionOffset: images by which the training is ahead of `step * batch`, because earlier steps had others.
  package func isDue(afterStep step: Int, batch: Int, sampleCount: Int, positionOffset: Int = 0) -> Bool {
    func epochs(_ step: Int) -> Int { max(0, step * batch + positionOffset) / sampleCount }
    return switch self {
    case .never: false
    case .steps(let interval): step > 0 && step % interval == 0
    case .epoch: step > 0 && epochs(step) > epochs(step - 1)
    }
  }
}
