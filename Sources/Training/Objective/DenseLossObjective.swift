import Basics
import CVector
import Kernels
import Model
import SegmentationData

/// A loss of whole images' class probabilities: each image by itself.
package final class DenseLossObjective: TrainingObjective {
  package var lossNames: [String] { loss.names }
  private let loss: any DenseLoss
  private let classWeights: [Float]
  private let ignoreLabel: UInt16
  private let dropout: Bool
  private let pool: WorkerPool
  /// Probabilities, then gradients.
  private var values: [Float] = []

  package init(_ loss: any DenseLoss, classWeights: [Float], ignoreLabel: UInt16, dropout: Bool, pool: WorkerPool) {
    self.loss = loss
    self.classWeights = classWeights
    self.ignoreLabel = ignoreLabel
    self.dropout = dropout
    self.pool = pool
  }

  package func backpropagate(
    _ plan: Plan, _ pixels: UnsafePointer<Float>, _ memory: ParameterMemory, _ samples: [Sample], scale: Float,
    into gradient: UnsafeMutablePointer<Float>, ready: (Range<Int>) -> Void
  ) -> [Double] {
    _ = plan.forward(pixels, memory, dropoutKeys: dropout ? samples.map { Philox.mixed($0.randomKey) } : nil)
    var sums = loss.names.map { _ in 0.0 }
    if values.count < plan.destination.count { values = [Float](repeating: 0, count: plan.destination.count) }
    values.withUnsafeMutableBufferPointer { values in
      guard let base = values.baseAddress else { return }
      plan.backward(into: gradient, ready: ready) { logits in
        let count = plan.destination.count / samples.count
        for (image, sample) in samples.enumerated() {
          let losses = backpropagate(
            logits + image * count, sample, count: count, scale: scale, into: base + image * count)
          for part in sums.indices { sums[part] += losses[part] }
        }
        return UnsafePointer(base)
      }
    }
    return sums
  }

  /// - Parameter count: logits of the image.
  private func backpropagate(
    _ logits: UnsafePointer<Float>, _ sample: Sample, count: Int, scale: Float, into values: UnsafeMutablePointer<Float>
  ) -> [Double] {
    let classCount = classWeights.count
    guard sample.labels.contains(where: { $0 != ignoreLabel }) else {
      values.update(repeating: 0, count: count)
      return loss.names.map { _ in 0 }
    }
    pool.runRanges(count / classCount, grain: 4096) { pixels in
      cvector_probabilities(
        logits + pixels.lowerBound * classCount, pixels.count, classCount, values + pixels.lowerBound * classCount)
    }
    return sample.labels.withUnsafeBufferPointer { labels in
      guard let base = labels.baseAddress else { return loss.names.map { _ in 0 } }
      return loss.backpropagate(
        DenseImage(
          values: values, labels: base, pixelCount: count / classCount, classCount: classCount,
          ignoreLabel: ignoreLabel,
          classWeights: classWeights, pool: pool), scale: scale)
    }
  }
}
