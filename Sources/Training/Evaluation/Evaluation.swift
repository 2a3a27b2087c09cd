import Basics
import RunLogging

/// What an evaluation found: integers, and a loss whose sum has one fixed order.
package struct Evaluation: Equatable, Sendable {
  package let task: VisionTask
  /// Of pixels, or of images where the task is classification.
  package let confusion: ConfusionMatrix
  package let imageCount: Int
  /// Mean cross-entropy per counted pixel or image, unweighted.
  package let loss: Double
  /// classification: images whose class is among the five likeliest.
  package let topFiveCount: Int64
  /// instances: COCO's numbers.
  package let scores: InstanceScores?
  /// semantic: how well outlines are met, where that was measured.
  package let boundary: BoundaryTally?

  package init(
    task: VisionTask = .semantic, confusion: ConfusionMatrix, imageCount: Int, loss: Double, topFiveCount: Int64 = 0,
    scores: InstanceScores? = nil, boundary: BoundaryTally? = nil
  ) {
    self.task = task
    self.confusion = confusion
    self.imageCount = imageCount
    self.loss = loss
    self.topFiveCount = topFiveCount
    self.scores = scores
    self.boundary = boundary
  }

  /// Share of the images whose class is among the five likeliest.
  package var topFive: Double {
    confusion.pixelCount == 0 ? 0 : Double(topFiveCount) / Double(confusion.pixelCount)
  }

  /// One for each of the task's metrics.
  package var values: [Double] {
    switch task {
    case .semantic: [confusion.meanIntersectionOverUnion, confusion.pixelAccuracy]
    case .classification: [confusion.pixelAccuracy, topFive]
    case .instances: scores?.values ?? [0, 0, 0, 0]
    }
  }

  /// The task's class metric.
  package func value(ofClass label: Int) -> Double? {
    switch task {
    case .semantic: confusion.intersectionOverUnion(label)
    case .classification: confusion.accuracy(label)
    case .instances: scores?.value(ofClass: label)
    }
  }
}

extension EvaluationRecord {
  package init(step: Int, _ evaluation: Evaluation, classNames: [String]) {
    self.init(
      step: step, task: evaluation.task, values: evaluation.values, loss: evaluation.loss,
      classes: classNames.enumerated().map { ClassResult(name: $1, value: evaluation.value(ofClass: $0)) })
  }
}
