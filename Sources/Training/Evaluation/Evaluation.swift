import RunLogging

/// What an evaluation found: integers, and a loss whose sum has one fixed order.
package struct Evaluation: Equatable, Sendable {
  package let confusion: ConfusionMatrix
  package let imageCount: Int
  /// Mean cross-entropy per counted pixel, unweighted.
  package let loss: Double

  package init(confusion: ConfusionMatrix, imageCount: Int, loss: Double) {
    self.confusion = confusion
    self.imageCount = imageCount
    self.loss = loss
  }

  package var meanIntersectionOverUnion: Double { confusion.meanIntersectionOverUnion }
}

extension EvaluationRecord {
  package init(step: Int, _ evaluation: Evaluation, classNames: [String]) {
    self.init(
      step: step, meanIntersectionOverUnion: evaluation.meanIntersectionOverUnion,
      pixelAccuracy: evaluation.confusion.pixelAccuracy, loss: evaluation.loss,
      classes: classNames.enumerated().map {
        ClassResult(name: $1, intersectionOverUnion: evaluation.confusion.intersectionOverUnion($0))
      })
  }
}
