import Basics
import Detection
import Kernels
import Model

/// The losses of the box head and the mask head over a batch, with their gradients.
struct HeadLoss {
  let plan: Plan
  /// By image.
  let samples: [RegionSample]
  let targets: [InstanceTarget]
  /// Multiplies every gradient.
  let scale: Float

  /// Softmax cross-entropy of the regions' classes, the mean over an image's regions.
  ///
  /// - Parameter gradient: `count` elements, all overwritten.
  func classification(into gradient: UnsafeMutablePointer<Float>, count: Int) -> Double {
    let logits = plan.floats(ofOutput: MaskRCNNOutput.classes)
    let classes = plan.outputShapes[MaskRCNNOutput.classes].channels
    gradient.update(repeating: 0, count: count)
    var loss = 0.0
    for (image, sample) in samples.enumerated() {
      let share = 1 / Double(max(sample.regions.count, 1))
      for (place, region) in sample.regions.enumerated() {
        let first = row(place, image, of: .box) * classes
        let probabilities = Softmax.probabilities(logits[first..<first + classes])
        loss -= share * probabilities.logarithms[region.label]
        for c in 0..<classes {
          let difference = probabilities.values[c] - (c == region.label ? 1 : 0)
          gradient[first + c] = Float(difference * share) * scale
        }
      }
    }
    return loss
  }

  /// Smooth L1 of the offsets that positive regions have for their own class, divided by the number of all regions of an
  /// image.
  ///
  /// - Parameter gradient: `count` elements, all overwritten.
  func boxes(into gradient: UnsafeMutablePointer<Float>, count: Int) -> Double {
    let values = plan.floats(ofOutput: MaskRCNNOutput.boxes)
    let channels = plan.outputShapes[MaskRCNNOutput.boxes].channels
    gradient.update(repeating: 0, count: count)
    var loss = 0.0
    for (image, sample) in samples.enumerated() {
      let share = 1 / Float(max(sample.regions.count, 1))
      for place in sample.positives {
        let region = sample.regions[place]
        let first = row(place, image, of: .box) * channels + 4 * region.label
        let target = BoxCoder.regions.encode(targets[image].boxes[region.instance], from: region.box)
        let offsets = BoxCoder.Offsets(values[first], values[first + 1], values[first + 2], values[first + 3])
        loss += SmoothL1.add(offsets, target, share: share, scale: scale, into: gradient + first)
      }
    }
    return loss
  }

  /// Binary cross-entropy of the mask that positive regions have for their own class, the mean over an image's pixels.
  ///
  /// - Parameter gradient: `count` elements, all overwritten.
  func masks(into gradient: UnsafeMutablePointer<Float>, count: Int) -> Double {
    let logits = plan.floats(ofOutput: MaskRCNNOutput.masks)
    let shape = plan.outputShapes[MaskRCNNOutput.masks]
    let side = DetectionSettings.maskSize
    var target = [Float](repeating: 0, count: side * side)
    gradient.update(repeating: 0, count: count)
    var loss = 0.0
    for (image, sample) in samples.enumerated() where !sample.positives.isEmpty {
      let share = 1 / Double(sample.positives.count * side * side)
      let bitmaps = Bitmaps(targets[image])
      for (place, position) in sample.positives.enumerated() {
        let region = sample.regions[position]
        bitmaps.fill(&target, ofInstance: region.instance, box: region.box)
        let first = row(place, image, of: .mask) * side * side * shape.channels + region.label
        for pixel in 0..<side * side {
          let entropy = BinaryCrossEntropy(logit: logits[first + pixel * shape.channels], target: target[pixel])
          loss += entropy.loss * share
          gradient[first + pixel * shape.channels] = Float(entropy.slope * share) * scale
        }
      }
    }
    return loss
  }

  private func row(_ place: Int, _ image: Int, of head: Graph.RegionHead) -> Int {
    image * (plan.regions[head]?.countPerImage ?? 0) + place
  }

  /// An image's masks, each made once.
  private final class Bitmaps {
    private let target: InstanceTarget
    private var made: [Int: [UInt8]] = [:]

    init(_ target: InstanceTarget) { self.target = target }

    func fill(_ result: inout [Float], ofInstance instance: Int, box: Box) {
      let bitmap = made[instance] ?? target.masks[instance].bitmap()
      made[instance] = bitmap
      result.withUnsafeMutableBufferPointer { result in
        bitmap.withUnsafeBufferPointer {
          MaskTarget.fill(
            result, size: DetectionSettings.maskSize, mask: $0, height: target.height, width: target.width, box: box)
        }
      }
    }
  }
}
