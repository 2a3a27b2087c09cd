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
  private let group: any ProcessGroup
  private let loaderThreads: Int

  package init(
    network: Network, dataset: Dataset, normalisation: Normalisation, group: any ProcessGroup, loaderThreads: Int = 1
  ) {
    self.network = network
    self.dataset = dataset
    self.group = group
    self.loaderThreads = loaderThreads
    transform = SampleTransform(
      normalisation: normalisation, augmentation: .none, ignoreLabel: dataset.info.ignoreValue, seed: 0)
  }

  /// - Parameters:
  ///   - progress: called with (images done by this rank, this rank's share).
  /// - Important: Collective over the evaluator's group.
  package func evaluate(
    _ memory: ParameterMemory, progress: (Int, Int) -> Void = { _, _ in }
  ) throws -> Evaluation {
    let count = dataset.info.sampleCount
    let share = (count * group.rank / group.size)..<(count * (group.rank + 1) / group.size)
    var confusion = ConfusionMatrix(classCount: network.configuration.classes)
    var sums = [Double](repeating: 0, count: 2 * count)
    try forEachSample(in: share) { index, sample in
      let outcome = try score(sample, memory, into: &confusion)
      sums[2 * index] = outcome.weightedLoss
      sums[2 * index + 1] = outcome.weight
      progress(index - share.lowerBound + 1, share.count)
    }
    try confusion.allReduce(over: group)
    // Every element is one rank's value plus zeros: exact, whatever the order of the reduction.
    try group.allReduce(&sums, .sum)
    var loss = 0.0
    var weight = 0.0
    for i in 0..<count {
      loss += sums[2 * i]
      weight += sums[2 * i + 1]
    }
    return Evaluation(confusion: confusion, imageCount: count, loss: loss / max(1, weight))
  }

  /// Runs `body` over the samples of `indices`, unaugmented, read ahead of their use.
  package func forEachSample(in indices: Range<Int>, _ body: (Int, Sample) throws -> Void) throws {
    if indices.isEmpty { return }
    let loader = try Loader(
      dataset: dataset, transform: transform, threads: loaderThreads, depth: 4, firstStep: indices.lowerBound,
      requests: { $0 < indices.upperBound ? [SampleRequest(sample: $0, randomKey: 0)] : nil })
    defer { loader.stop() }
    for index in indices {
      guard let sample = try loader.next()?.first else { break }
      try body(index, sample)
    }
  }

  private func score(
    _ sample: Sample, _ memory: ParameterMemory, into confusion: inout ConfusionMatrix
  ) throws -> LossOutcome {
    let plan = try network.plan(images: 1, height: sample.height, width: sample.width, training: false)
    let ignoreLabel = dataset.info.ignoreValue
    let classWeights = [Float](repeating: 1, count: network.configuration.classes)
    _ = plan.forward(sample.pixels, memory, dropoutKeys: nil)
    try LabelCheck.check(sample, classCount: network.configuration.classes, ignoreLabel: ignoreLabel)
    let outcome = plan.loss(labels: sample.labels, classWeights: classWeights, ignoreLabel: ignoreLabel)
    let predictions = [UInt16](unsafeUninitializedCapacity: sample.height * sample.width) { buffer, initialised in
      if let base = buffer.baseAddress { plan.classes(into: base) }
      initialised = sample.height * sample.width
    }
    sample.labels.withUnsafeBufferPointer { labels in
      predictions.withUnsafeBufferPointer { predictions in
        confusion.accumulate(labels: labels, predictions: predictions, ignoreLabel: ignoreLabel)
      }
    }
    return outcome
  }
}
