/// How fast the job will be.
package struct SpeedFacts: Equatable, Sendable {
  /// Seconds of a step.
  package var step: Double
  /// How that is known.
  package var method: String
  package var imagesPerSecond: Double
  /// Seconds of an epoch and of the whole training; nil without a dataset.
  package var epoch: Double?
  package var training: Double?

  package init(step: Double, method: String, imagesPerSecond: Double, epoch: Double?, training: Double?) {
    self.step = step
    self.method = method
    self.imagesPerSecond = imagesPerSecond
    self.epoch = epoch
    self.training = training
  }
}
