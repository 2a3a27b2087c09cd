import Basics
import Kernels
import Model
import SegmentationData

/// Softmax cross-entropy over pixels, or over images (docs/formats.md section 2).
package final class CrossEntropyObjective: TrainingObjective {
  package let lossNames = ["cross_entropy"]
  private let classWeights: [Float]
  private let ignoreLabel: UInt16
  private let labelSmoothing: Float
  private let dropout: Bool
  private var labels: [UInt16] = []

  package init(classWeights: [Float], ignoreLabel: UInt16, labelSmoothing: Float, dropout: Bool) {
    self.classWeights = classWeights
    self.ignoreLabel = ignoreLabel
    self.labelSmoothing = labelSmoothing
    self.dropout = dropout
  }

  package func backpropagate(
    _ plan: Plan, _ pixels: UnsafePointer<Float>, _ memory: ParameterMemory, _ samples: [Sample], scale: Float,
    into gradient: UnsafeMutablePointer<Float>, ready: (Range<Int>) -> Void
  ) -> [Double] {
    _ = plan.forward(pixels, memory, dropoutKeys: dropout ? samples.map { Philox.mixed($0.randomKey) } : nil)
    if samples.count == 1 { return [backward(plan, samples[0].labels, scale, gradient, ready)] }
    labels.removeAll(keepingCapacity: true)
    for sample in samples { labels.append(contentsOf: sample.labels) }
    return [backward(plan, labels, scale, gradient, ready)]
  }

  private func backward(
    _ plan: Plan, _ labels: [UInt16], _ scale: Float, _ gradient: UnsafeMutablePointer<Float>,
    _ ready: (Range<Int>) -> Void
  ) -> Double {
    plan.backward(
      labels: labels, classWeights: classWeights, ignoreLabel: ignoreLabel, labelSmoothing: labelSmoothing,
      scale: scale, into: gradient, ready: ready
    ).weightedLoss
  }
}
