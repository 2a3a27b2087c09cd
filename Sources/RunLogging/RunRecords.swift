import Basics

/// What one training step came to: a line `"kind": "step"` of `metrics.jsonl`.
package struct StepRecord: Codable, Equatable, Sendable {
  /// Where a step's time went, in seconds, as the slowest rank saw it.
  package struct Seconds: Codable, Equatable, Sendable {
    package var data: Double
    package var compute: Double
    package var exchange: Double
    package var update: Double

    package init(data: Double, compute: Double, exchange: Double, update: Double) {
      self.data = data
      self.compute = compute
      self.exchange = exchange
      self.update = update
    }

    package var total: Double { data + compute + exchange + update }
  }

  /// A part of the loss.
  package struct Loss: Codable, Equatable, Sendable {
    package var name: String
    package var value: Double

    package init(name: String, value: Double) {
      self.name = name
      self.value = value
    }
  }

  /// Finished steps, this one included.
  package var step: Int
  /// Samples seen / samples of an epoch.
  package var epoch: Double
  package var loss: Double
  package var learningRate: Double
  package var imagesPerSecond: Double
  package var seconds: Seconds
  /// What the loss is the sum of, where it is one.
  package var losses: [Loss]

  package init(
    step: Int, epoch: Double, loss: Double, learningRate: Double, imagesPerSecond: Double, seconds: Seconds,
    losses: [Loss] = []
  ) {
    self.step = step
    self.epoch = epoch
    self.loss = loss
    self.learningRate = learningRate
    self.imagesPerSecond = imagesPerSecond
    self.seconds = seconds
    self.losses = losses.count > 1 ? losses : []
  }
}

/// What an evaluation came to: a line `"kind": "evaluation"` of `metrics.jsonl`.
package struct EvaluationRecord: Codable, Equatable, Sendable {
  /// The score of one class.
  package struct ClassResult: Codable, Equatable, Sendable {
    package var name: String
    /// The task's `classMetric`; nil: not defined, for the class does not occur.
    package var value: Double?

    package init(name: String, value: Double?) {
      self.name = name
      self.value = value
    }
  }

  package var step: Int
  package var task: VisionTask
  /// One for each of the task's `metrics`.
  package var values: [Double]
  /// Not a number where the task's evaluation computes none.
  package var loss: Double
  package var classes: [ClassResult]

  package init(step: Int, task: VisionTask, values: [Double], loss: Double, classes: [ClassResult]) {
    self.step = step
    self.task = task
    self.values = values
    self.loss = loss
    self.classes = classes
  }

  /// What decides which evaluation is the best.
  package var score: Double { values[0] }

  /// The metrics with their values, in the task's order.
  package var measured: [(metric: Metric, value: Double)] { Array(zip(task.metrics, values)) }

  /// "mean IoU 52.3 %  pixel accuracy 88.1 %".
  package var summary: String {
    measured.map { "\($0.metric.title) \(percentage($0.value))" }.joined(separator: "  ")
  }

  /// No pixel (or image) had a class: none of the numbers means anything.
  package var countedNothing: Bool { !classes.isEmpty && classes.allSatisfy { $0.value == nil } && loss == 0 }
}
