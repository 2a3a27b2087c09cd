import Basics
import Detection

/// The losses of the region proposal network over a batch, with their gradients.
struct ProposalLoss {
  let outputs: ProposalOutputs
  /// By image.
  let samples: [AnchorSample]
  /// Multiplies every gradient.
  let scale: Float

  /// Binary cross-entropy of the chosen anchors' logits, the mean over an image's.
  ///
  /// - Parameter gradient: `count` elements of one level, all overwritten.
  func objectness(level: Int, into gradient: UnsafeMutablePointer<Float>, count: Int) -> Double {
    gradient.update(repeating: 0, count: count)
    var loss = 0.0
    for (image, sample) in samples.enumerated() where sample.count > 0 {
      let share = 1 / Double(sample.count)
      for (anchors, target) in [(sample.choice.positives, Float(1)), (sample.choice.negatives, 0)] {
        for anchor in anchors {
          let place = outputs.place(anchor, ofImage: image)
          guard place.level == level else { continue }
          let entropy = BinaryCrossEntropy(logit: outputs.logit(place), target: target)
          loss += entropy.loss * share
          gradient[place.index] = Float(entropy.slope * share) * scale
        }
      }
    }
    return loss
  }

  /// Smooth L1 of the positive anchors' offsets, divided by the number of all chosen anchors of an image.
  ///
  /// - Parameter gradient: `count` elements of one level, all overwritten.
  func offsets(level: Int, into gradient: UnsafeMutablePointer<Float>, count: Int) -> Double {
    gradient.update(repeating: 0, count: count)
    var loss = 0.0
    for (image, sample) in samples.enumerated() where sample.count > 0 {
      let share = 1 / Float(sample.count)
      for (anchor, target) in zip(sample.choice.positives, sample.targets) {
        let place = outputs.place(anchor, ofImage: image)
        guard place.level == level else { continue }
        loss += SmoothL1.add(
          outputs.offsets(place), target, share: share, scale: scale, into: gradient + 4 * place.index)
      }
    }
    return loss
  }
}
