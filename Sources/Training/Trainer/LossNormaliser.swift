import Basics
import Collectives
import SegmentationData
import TrainingConfiguration

/// What the summed loss of a global batch is divided by (docs/formats.md section 2): known before the backward pass,
/// and equal for any number of ranks because it is made from integer counts.
package struct LossNormaliser {
  package let task: VisionTask
  package let normalization: Configuration.Loss.Normalization
  package let classWeights: [Float]
  package let ignoreLabel: UInt16
  package let globalBatch: Int
  /// Is the loss a number of an image already, not a sum over its pixels?
  package let isOfImage: Bool

  package init(
    task: VisionTask = .semantic, normalization: Configuration.Loss.Normalization, classWeights: [Float],
    ignoreLabel: UInt16, globalBatch: Int, isOfImage: Bool = false
  ) {
    self.task = task
    self.normalization = normalization
    self.classWeights = classWeights
    self.ignoreLabel = ignoreLabel
    self.globalBatch = globalBatch
    self.isOfImage = isOfImage
  }

  /// - Returns: sum of w[label] over the counted pixels of all ranks' samples, the number of images, or 1. Losses of
  ///   instances, and of an image's regions, are divided by counts of their own image already, so that this is the
  ///   number of images.
  /// - Important: Collective over the trainers.
  package func divisor(of samples: [Sample], over group: any ProcessGroup) throws -> Double {
    if task == .instances { return Double(globalBatch) }
    var counts = [Int64](repeating: 0, count: classWeights.count)
    for sample in samples {
      let found = try LabelCheck.check(sample, classCount: classWeights.count, ignoreLabel: ignoreLabel)
      for c in counts.indices { counts[c] += found[c] }
    }
    switch normalization {
    case .sum: return 1
    case .batch: return Double(globalBatch)
    case .pixels where isOfImage: return Double(globalBatch)
    case .pixels:
      try group.allReduce(&counts, .sum)
      let weight = zip(counts, classWeights).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
      return weight > 0 ? weight : 1
    }
  }
}
