import Basics
import Collectives
import Kernels
import Model
import SegmentationData

/// Scores a network on a whole split: every image once, shared among the ranks of a group. The result is the same bits
/// for any number of ranks.
package final class Evaluator {
  package let network: Network
  package let dataset: Dataset
  private let transform: SampleTransform
  let group: any ProcessGroup
  private let loaderThreads: Int
  private let measuresBoundaries: Bool
  private let batch: Int
  private let classWeights: [Float]
  private let averaged: AveragedScores?
  private let tiled: TiledScores?
  private var pixels: [Float] = []
  private var predictions: [UInt16] = []

  /// - Parameter batch: images of equal size that go through the network together; more of them where they are small.
  ///   The result does not depend on it.
  /// - Parameter measuresBoundaries: whether the result of a semantic network has boundary F-measures.
  /// - Parameter augmentation: of a semantic network; nil: images go through it as they are.
  /// - Parameter tiling: of a semantic network, for larger images; nil: all go through it whole.
  package init(
    network: Network, dataset: Dataset, normalisation: Normalisation, mask: VisibleMask? = nil,
    group: any ProcessGroup, batch: Int = 1, loaderThreads: Int = 1, measuresBoundaries: Bool = false,
    augmentation: TestTimeAugmentation? = nil, tiling: Tiling? = nil
  ) {
    tiled = tiling.map { TiledScores(network: network, tiling: $0) }
    averaged = augmentation.map { AveragedScores(network: network, augmentation: $0) }
    self.batch = batch
    classWeights = [Float](repeating: 1, count: network.configuration.classes)
    self.network = network
    self.dataset = dataset
    self.group = group
    self.loaderThreads = loaderThreads
    self.measuresBoundaries = measuresBoundaries && network.configuration.architecture.task == .semantic
    transform = SampleTransform(
      normalisation: normalisation, augmentation: .none, mask: mask, ignoreLabel: dataset.info.ignoreValue, seed: 0,
      frame: network.configuration.frame)
  }

  /// - Parameters:
  ///   - progress: called with (images done by this rank, this rank's share).
  /// - Important: Collective over the evaluator's group.
  package func evaluate(
    _ memory: ParameterMemory, progress: (Int, Int) -> Void = { _, _ in }
  ) throws -> Evaluation {
    if network.configuration.architecture.task == .instances {
      return try evaluateInstances(memory, progress: progress)
    }
    let count = dataset.info.sampleCount
    let share = self.share
    var tally = Tally(
      pixels: PixelTally(classCount: network.configuration.classes, measuresBoundaries: measuresBoundaries))
    var sums = [Double](repeating: 0, count: 2 * count)
    try forEachBatch(of: share) { run, samples in
      for (index, outcome) in zip(run, try score(samples, memory, into: &tally)) {
        sums[2 * index] = outcome.weightedLoss
        sums[2 * index + 1] = outcome.weight
      }
      progress(run.upperBound - share.lowerBound, share.count)
    }
    try tally.allReduce(over: group)
    // Every element is one rank's value plus zeros: exact, whatever the order of the reduction.
    try group.allReduce(&sums, .sum)
    var loss = 0.0
    var weight = 0.0
    for i in 0..<count {
      loss += sums[2 * i]
      weight += sums[2 * i + 1]
    }
    return Evaluation(
      task: network.configuration.architecture.task, confusion: tally.pixels.confusion, imageCount: count,
      loss: loss / max(1, weight), topFiveCount: tally.topFiveCount, boundary: tally.pixels.boundary)
  }

  /// The images of this rank.
  var share: Range<Int> {
    let count = dataset.info.sampleCount
    return (count * group.rank / group.size)..<(count * (group.rank + 1) / group.size)
  }

  /// What is counted over images.
  private struct Tally {
    var pixels: PixelTally
    var topFiveCount: Int64 = 0

    mutating func allReduce(over group: any ProcessGroup) throws {
      try pixels.allReduce(over: group)
      topFiveCount = try group.allReduce(topFiveCount, .sum)
    }
  }

  /// Runs `body` over the samples of `indices`, unaugmented and read ahead of their use, in runs of equal size.
  func forEachBatch(of indices: Range<Int>, _ body: (Range<Int>, [Sample]) throws -> Void) throws {
    let runs = EvaluationBatch.runs(of: indices, atLeast: batch) { transform.size(of: dataset.size($0)) }
    if runs.isEmpty { return }
    let loader = try Loader(
      dataset: dataset, transform: transform, threads: loaderThreads, depth: 2,
      requests: { $0 < runs.count ? runs[$0].map { SampleRequest(sample: $0, randomKey: 0) } : nil })
    defer { loader.stop() }
    for run in runs {
      guard let samples = try loader.next() else { break }
      try body(run, samples)
    }
  }

  /// - Parameter probabilities: [height, width, classes]
  /// - Returns: the cross-entropy of the probabilities.
  private func score(_ sample: Sample, _ probabilities: [Float], into tally: inout Tally) -> LossOutcome {
    let classCount = network.configuration.classes
    var outcome = LossOutcome(weightedLoss: 0, weight: 0)
    let predictions = AveragedScores.classes(probabilities, classCount: classCount)
    for (pixel, label) in sample.labels.enumerated() where label != dataset.info.ignoreValue {
      outcome.weightedLoss -= AveragedScores.logarithm(of: probabilities[pixel * classCount + Int(label)])
      outcome.weight += 1
    }
    sample.labels.withUnsafeBufferPointer { labels in
      predictions.withUnsafeBufferPointer {
        tally.pixels.accumulate(
          labels: labels, predictions: $0, height: sample.height, width: sample.width,
          ignoreLabel: dataset.info.ignoreValue)
      }
    }
    return outcome
  }

  /// - Returns: the cross-entropy of the blended scores.
  private func score(
    _ sample: Sample, in tiled: TiledScores, _ memory: ParameterMemory, into tally: inout Tally
  ) throws -> LossOutcome {
    let (width, channels) = (sample.width, network.configuration.channels)
    let shape = ActivationShape(images: 1, height: 1, width: width, channels: network.configuration.classes)
    var outcome = LossOutcome(weightedLoss: 0, weight: 0)
    var classes = [UInt16](repeating: 0, count: sample.labels.count)
    try tiled.forEachRow(height: sample.height, width: width, memory) { rows, columns in
      rows.flatMap { y in
        sample.pixels[(y * width + columns.lowerBound) * channels..<(y * width + columns.upperBound) * channels]
      }
    } row: { y, scores in
      classes.withUnsafeMutableBufferPointer { classes in
        sample.labels.withUnsafeBufferPointer { labels in
          guard let scores = scores.baseAddress, let classes = classes.baseAddress, let labels = labels.baseAddress
          else { return }
          network.backend.argmax(scores, shape: shape, into: classes + y * width)
          let own = network.backend.softmaxCrossEntropy(
            logits: scores, labels: labels + y * width, shape: shape, classWeights: classWeights,
            ignoreLabel: dataset.info.ignoreValue, scale: 1, gradient: nil)
          outcome.weightedLoss += own.weightedLoss
          outcome.weight += own.weight
        }
      }
    }
    sample.labels.withUnsafeBufferPointer { labels in
      classes.withUnsafeBufferPointer {
        tally.pixels.accumulate(
          labels: labels, predictions: $0, height: sample.height, width: width, ignoreLabel: dataset.info.ignoreValue)
      }
    }
    return outcome
  }

  /// - Parameter samples: of equal size.
  /// - Returns: the loss of each.
  private func score(
    _ samples: [Sample], _ memory: ParameterMemory, into tally: inout Tally
  ) throws -> [LossOutcome] {
    let ignoreLabel = dataset.info.ignoreValue
    for sample in samples {
      try LabelCheck.check(sample, classCount: network.configuration.classes, ignoreLabel: ignoreLabel)
    }
    if let averaged {
      return try samples.map { sample in
        let probabilities = try averaged.probabilities(
          of: sample.pixels, height: sample.height, width: sample.width, memory)
        return score(sample, probabilities, into: &tally)
      }
    }
    let (height, width) = (samples[0].height, samples[0].width)
    if let tiled, tiled.cuts(height: height, width: width) {
      return try samples.map { try score($0, in: tiled, memory, into: &tally) }
    }
    let plan = try network.plan(images: samples.count, height: height, width: width, training: false)
    let scores: UnsafePointer<Float>
    if samples.count == 1 {
      scores = plan.forward(samples[0].pixels, memory, dropoutKeys: nil)
    } else {
      pixels.removeAll(keepingCapacity: true)
      for sample in samples { pixels.append(contentsOf: sample.pixels) }
      scores = plan.forward(pixels, memory, dropoutKeys: nil)
    }
    let labelCount = plan.destination.pixelCount / samples.count
    if predictions.count < samples.count * labelCount {
      predictions = [UInt16](repeating: 0, count: samples.count * labelCount)
    }
    predictions.withUnsafeMutableBufferPointer { if let base = $0.baseAddress { plan.classes(into: base) } }
    return samples.enumerated().map { image, sample in
      sample.labels.withUnsafeBufferPointer { labels in
        predictions.withUnsafeBufferPointer { predictions in
          let own = UnsafeBufferPointer(rebasing: predictions[image * labelCount..<(image + 1) * labelCount])
          tally.pixels.accumulate(
            labels: labels, predictions: own, height: height, width: width, ignoreLabel: ignoreLabel)
        }
      }
      if network.configuration.architecture.task == .classification, sample.labels[0] != ignoreLabel {
        let classes = UnsafeBufferPointer(
          start: scores + image * plan.destination.channels, count: plan.destination.channels)
        tally.topFiveCount += BestClasses.contain(Int(sample.labels[0]), among: 5, of: classes) ? 1 : 0
      }
      return plan.loss(
        ofImage: image, labels: sample.labels, classWeights: classWeights, ignoreLabel: ignoreLabel)
    }
  }
}
