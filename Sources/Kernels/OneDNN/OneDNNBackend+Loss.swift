import Basics
import CVector

extension OneDNNBackend {
  package func softmaxCrossEntropy(
    logits: UnsafePointer<Float>, labels: UnsafePointer<UInt16>, shape: ActivationShape, classWeights: [Float],
    ignoreLabel: UInt16, labelSmoothing: Float, scale: Float, gradient: UnsafeMutableRawPointer?
  ) -> LossOutcome {
    precondition(classWeights.count == shape.channels, "one class weight per class")
    let lines = shape.images * shape.height
    if rowLosses.count < lines {
      rowLosses = [LossOutcome](repeating: LossOutcome(weightedLoss: 0, weight: 0), count: lines)
    }
    classWeights.withUnsafeBufferPointer { weights in
      rowLosses.withUnsafeMutableBufferPointer { losses in
        let losses = losses
        parallelRanges(lines, grain: 4, threads: threadCount) { range in
          for line in range {
            losses[line] = self.rowLoss(
              logits: logits, labels: labels, line: line, shape: shape, weights: weights, ignoreLabel: ignoreLabel,
              labelSmoothing: labelSmoothing, scale: scale, gradient: gradient)
          }
        }
      }
    }
    // In the order of the rows, so that the sum does not depend on the threads.
    var total = LossOutcome(weightedLoss: 0, weight: 0)
    for line in 0..<lines {
      total.weightedLoss += rowLosses[line].weightedLoss
      total.weight += rowLosses[line].weight
    }
    return total
  }

  private func rowLoss(
    logits: UnsafePointer<Float>, labels: UnsafePointer<UInt16>, line: Int, shape: ActivationShape,
    weights: UnsafeBufferPointer<Float>, ignoreLabel: UInt16, labelSmoothing: Float, scale: Float,
    gradient: UnsafeMutableRawPointer?
  ) -> LossOutcome {
    guard let weights = weights.baseAddress else { return LossOutcome(weightedLoss: 0, weight: 0) }
    let first = line * shape.width
    let start = first * shape.channels
    var sums = (0.0, 0.0)
    withUnsafeMutableBytes(of: &sums) { bytes in
      guard let sums = bytes.bindMemory(to: Double.self).baseAddress else { return }
      if isBFloat16 {
        cvector_softmax_bfloat16(
          logits + start, labels + first, shape.width, shape.channels, weights, ignoreLabel, scale, labelSmoothing,
          gradient.map { $0.assumingMemoryBound(to: UInt16.self) + start }, sums)
      } else {
        cvector_softmax_float32(
          logits + start, labels + first, shape.width, shape.channels, weights, ignoreLabel, scale, labelSmoothing,
          gradient.map { $0.assumingMemoryBound(to: Float.self) + start }, sums)
      }
    }
    return LossOutcome(weightedLoss: sums.0, weight: sums.1)
  }

  package func globalAveragePool(
    _ source: UnsafeRawPointer, shape: ActivationShape, into destination: UnsafeMutablePointer<Float>
  ) {
    guard isBFloat16 else {
      let source = source.assumingMemoryBound(to: Float.self)
      return PositionMean.mean(shape, into: destination) { source[$0] }
    }
    let source = source.assumingMemoryBound(to: UInt16.self)
    PositionMean.mean(shape, into: destination) { Float(bitPattern: UInt32(source[$0]) << 16) }
  }

  package func globalAveragePoolBackward(
    _ gradient: UnsafeRawPointer, into destination: UnsafeMutableRawPointer, shape: ActivationShape
  ) {
    guard isBFloat16 else {
      let gradient = gradient.assumingMemoryBound(to: Float.self)
      let destination = destination.assumingMemoryBound(to: Float.self)
      return PositionMean.spread(shape, { gradient[$0] }, { destination[$0] = $1 })
    }
    let gradient = gradient.assumingMemoryBound(to: UInt16.self)
    let destination = destination.assumingMemoryBound(to: UInt16.self)
    PositionMean.spread(shape, { Float(bitPattern: UInt32(gradient[$0]) << 16) }) { element, value in
      var value = value
      cvector_to_bfloat16(&value, destination + element, 1)
    }
  }

  package func argmax(
    _ logits: UnsafePointer<Float>, shape: ActivationShape, into classes: UnsafeMutablePointer<UInt16>
  ) {
    parallelRanges(shape.pixelCount, grain: 4096, threads: threadCount) { pixels in
      cvector_argmax(
        logits + pixels.lowerBound * shape.channels, pixels.count, shape.channels, classes + pixels.lowerBound)
    }
  }
}
