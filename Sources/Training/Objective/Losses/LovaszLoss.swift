import Basics

/// The Lovász extension of 1 - IoU of every class that an image's labels have, averaged with the classes' weights
/// (Berman, Rannen Triki and Blaschko, CVPR 2018, section 3, Lovász-softmax of single images).
package struct LovaszLoss: DenseLoss {
  package let crossEntropy: Double
  package var names: [String] { crossEntropy > 0 ? ["lovasz", "cross_entropy"] : ["lovasz"] }

  /// - Parameter crossEntropy: times the mean cross-entropy that is added.
  package init(crossEntropy: Double = 0) { self.crossEntropy = crossEntropy }

  package func backpropagate(_ image: DenseImage, scale: Float) -> [Double] {
    let added = MeanCrossEntropy(of: image, factor: crossEntropy)
    let weights = image.presentClassWeights
    let present = weights.indices.filter { weights[$0] > 0 }
    let counted = (0..<image.pixelCount).filter(image.isCounted)
    // [class that is present][counted pixel]
    let slopes = UnsafeMutablePointer<Float>.allocate(capacity: max(1, present.count * counted.count))
    defer { slopes.deallocate() }
    var losses = [Double](repeating: 0, count: present.count)
    losses.withUnsafeMutableBufferPointer { losses in
      image.pool.run(present.count) { place, _ in
        let label = present[place]
        losses[place] =
          weights[label]
          * Self.extend(
            image, label, counted, factor: Double(scale) * weights[label], into: slopes + place * counted.count)
      }
    }
    let crossEntropyLoss = added.value(image)
    let places = Places(counted: counted, present: present, image: image)
    image.writeGradient {
      added.gradientFactor(image, $0, scale: scale)
    } slope: { pixel, label in
      places.ofClass[label] < 0 ? 0 : slopes[places.ofClass[label] * counted.count + Int(places.ofPixel[pixel])]
    }
    let loss = losses.reduce(0, +)
    return crossEntropy > 0 ? [loss, crossEntropyLoss] : [loss]
  }

  /// Where a pixel's and a class's slopes are.
  private struct Places {
    /// -1: a class that is not there.
    var ofClass: [Int]
    var ofPixel: [Int32]

    init(counted: [Int], present: [Int], image: DenseImage) {
      ofClass = [Int](repeating: -1, count: image.classCount)
      for (place, label) in present.enumerated() { ofClass[label] = place }
      ofPixel = [Int32](repeating: 0, count: image.pixelCount)
      for (place, pixel) in counted.enumerated() { ofPixel[pixel] = Int32(truncatingIfNeeded: place) }
    }
  }

  /// The loss of one class, and `factor` times its derivatives by the class's probability.
  ///
  /// - Parameter slopes: one for each counted pixel.
  private static func extend(
    _ image: DenseImage, _ label: Int, _ counted: [Int], factor: Double, into slopes: UnsafeMutablePointer<Float>
  ) -> Double {
    let errors = counted.map { pixel in
      let probability = image.values[pixel * image.classCount + label]
      return Int(image.labels[pixel]) == label ? 1 - probability : probability
    }
    let total = counted.count { Int(image.labels[$0]) == label }
    var missed = 0
    var others = 0
    var before = 0.0
    var loss = 0.0
    // The largest error first.
    for place in RadixOrder.ascending(errors).reversed() {
      let isOwn = Int(image.labels[counted[place]]) == label
      if isOwn { missed += 1 } else { others += 1 }
      // 1 - IoU where these pixels are wrong.
      let distance = 1 - Double(total - missed) / Double(total + others)
      loss += Double(errors[place]) * (distance - before)
      slopes[place] = Float((isOwn ? -factor : factor) * (distance - before))
      before = distance
    }
    return loss
  }
}
