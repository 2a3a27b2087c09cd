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

  /// Finished steps, this one included.
  package var step: Int
  /// Samples seen / samples of an epoch.
  package var epoch: Double
  package var loss: Double
  package var learningRate: Double
  package var imagesPerSecond: Double
  package var seconds: Seconds

  package init(
    step: Int, epoch: Double, loss: Double, learningRate: Double, imagesPerSecond: Double, seconds: Seconds
  ) {
    self.step = step
    self.epoch = epoch
    self.loss = loss
    self.learningRate = learningRate
    self.imagesPerSecond = imagesPerSecond
    self.seconds = seconds
  }
}

/// What an evaluation came to: a line `"kind": "evaluation"` of `metrics.jsonl`.
package struct EvaluationRecord: Codable, Equatable, Sendable {
  /// The score of one class.
  package struct ClassResult: Codable, Equatable, Sendable {
    package var name: String
    /// nil: neither the labels nor the predictions have the class.
    package var intersectionOverUnion: Double?

    package init(name: String, intersectionOverUnion: Double?) {
      self.name = name
      self.intersectionOverUnion = intersectionOverUnion
    }
  }

  package var step: Int
  package var meanIntersectionOverUnion: Double
  package var pixelAccuracy: Double
  package var loss: Double
  package var classes: [ClassResult]

  package init(
    step: Int, meanIntersectionOverUnion: Double, pixelAccuracy: Double, loss: Double, classes: [ClassResult]
  ) {
    self.step = step
    self.meanIntersectionOverUnion = meanIntersectionOverUnion
    self.pixelAccuracy = pixelAccuracy
    self.loss = loss
    self.classes = classes
  }

  /// No pixel of any image had a class: none of the numbers means anything.
  package var countedNothing: Bool {
    !classes.isEmpty && classes.allSatisfy { $0.intersectionOverUnion == nil } && loss == 0
  }
}
