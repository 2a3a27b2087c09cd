import Basics

extension PortableBackend {
  package func softmaxCrossEntropy(
    logits: UnsafePointer<Float>, labels: UnsafePointer<UInt16>, shape: ActivationShape, classWeights: [Float],
    ignoreLabel: UInt16, labelSmoothing: Float, scale: Float, gradient: UnsafeMutableRawPointer?
  ) -> LossOutcome {
    precondition(classWeights.count == shape.channels, "one class weight per class")
    let lines = shape.images * shape.height
    if rowLosses.count < lines {
      rowLosses = [LossOutcome](repeating: LossOutcome(weightedLoss: 0, weight: 0), count: lines)
    }
    let gradient = gradient?.assumingMemoryBound(to: Float.self)
    classWeights.withUnsafeBufferPointer { weights in
      rowLosses.withUnsafeMutableBufferPointer { losses in
        let losses = losses
        pool.run(lines) { line, _ in
          let row = PixelRow(
            logits: logits + line * shape.width * shape.channels, labels: labels + line * shape.width,
            gradient: gradient.map { $0 + line * shape.width * shape.channels }, classes: shape.channels,
            weights: weights, ignoreLabel: ignoreLabel,
            labelSmoothing: labelSmoothing, scale: scale)
          losses[line] = row.loss(width: shape.width)
          if precision == .bfloat16, let gradient = row.gradient {
            BFloat16Rounding.round(gradient, count: shape.width * shape.channels)
          }
        }
      }
    }
    var total = LossOutcome(weightedLoss: 0, weight: 0)
    for line in 0..<lines {
      total.weightedLoss += rowLosses[line].weightedLoss
      total.weight += rowLosses[line].weight
    }
    return total
  }

  package func globalAveragePool(
    _ source: UnsafeRawPointer, shape: ActivationShape, into destination: UnsafeMutablePointer<Float>
  ) {
    let source = source.assumingMemoryBound(to: Float.self)
    PositionMean.mean(shape, into: destination) { source[$0] }
  }

  package func globalAveragePoolBackward(
    _ gradient: UnsafeRawPointer, into destination: UnsafeMutableRawPointer, shape: ActivationShape
  ) {
    let gradient = gradient.assumingMemoryBound(to: Float.self)
    let destination = destination.assumingMemoryBound(to: Float.self)
    PositionMean.spread(shape, { gradient[$0] }, { destination[$0] = $1 })
    if precision == .bfloat16 { BFloat16Rounding.round(destination, count: shape.count) }
  }

  package func argmax(
    _ logits: UnsafePointer<Float>, shape: ActivationShape, into classes: UnsafeMutablePointer<UInt16>
  ) {
    pool.runRanges(shape.pixelCount, grain: 4096) { pixels in
      for pixel in pixels {
        let scores = logits + pixel * shape.channels
        var best = 0
        for candidate in 1..<max(1, shape.channels) where scores[candidate] > scores[best] { best = candidate }
        classes[pixel] = UInt16(truncatingIfNeeded: best)
      }
    }
  }
}

/// One row of an image in the loss.
private struct PixelRow {
  let logits: UnsafePointer<Float>
  let labels: UnsafePointer<UInt16>
  let gradient: UnsafeMutablePointer<Float>?
  let classes: Int
  let weights: UnsafeBufferPointer<Float>
  let ignoreLabel: UInt16
  let labelSmoothing: Float
  let scale: Float

  func loss(width: Int) -> LossOutcome {
    var outcome = LossOutcome(weightedLoss: 0, weight: 0)
    for pixel in 0..<width {
      let target = gradient.map { $0 + pixel * classes }
      let label = Int(labels[pixel])
      if labels[pixel] == ignoreLabel {
        target?.update(repeating: 0, count: classes)
        continue
      }
      precondition(label < classes, "a label that is no class: data is checked before it comes here")
      let scores = logits + pixel * classes
      let maximum = maximum(of: scores)
      let sum = exponentialSum(scores, minus: maximum)
      let weight = weights[label]
      outcome.weightedLoss +=
        Double(weight) * (logarithm(Double(sum)) + Double(maximum) - Double(scores[label]))
      outcome.weight += Double(weight)
      if labelSmoothing > 0 {
        let mean = (0..<classes).reduce(0) { $0 + Double(scores[$1]) } / Double(classes)
        outcome.weightedLoss += Double(weight * labelSmoothing) * (Double(scores[label]) - mean)
      }
      if let target {
        writeSoftmax(scores, minus: maximum, times: scale * weight / sum, into: target)
        let rest = labelSmoothing / Float(classes)
        if rest > 0 { for other in 0..<classes where other != label { target[other] -= scale * weight * rest } }
        target[label] -= scale * weight * (1 - labelSmoothing + rest)
      }
    }
    return outcome
  }

  private func maximum(of scores: UnsafePointer<Float>) -> Float {
    var maximum = scores[0]
    for candidate in 1..<max(1, classes) where scores[candidate] > maximum { maximum = scores[candidate] }
    return maximum
  }

  @inline(__always)
  private func lanes(_ scores: UnsafePointer<Float>, _ first: Int, minus maximum: Float) -> SIMD16<Float> {
    var values = SIMD16<Float>(repeating: -.infinity)
    if first + 16 <= classes {
      values = UnsafeRawPointer(scores + first).loadUnaligned(as: SIMD16<Float>.self)
    } else {
      for lane in 0..<classes - first { values[lane] = scores[first + lane] }
    }
    return exponentialOfNonPositive(values - maximum)
  }

  private func exponentialSum(_ scores: UnsafePointer<Float>, minus maximum: Float) -> Float {
    var sum: Float = 0
    for first in stride(from: 0, to: classes, by: 16) {
      let values = lanes(scores, first, minus: maximum)
      for lane in 0..<min(16, classes - first) { sum += values[lane] }
    }
    return sum
  }

  private func writeSoftmax(
    _ scores: UnsafePointer<Float>, minus maximum: Float, times factor: Float, into target: UnsafeMutablePointer<Float>
  ) {
    for first in stride(from: 0, to: classes, by: 16) {
      let values = lanes(scores, first, minus: maximum) * factor
      for lane in 0..<min(16, classes - first) { target[first + lane] = values[lane] }
    }
  }
}
