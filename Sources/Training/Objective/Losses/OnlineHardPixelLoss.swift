import Basics

/// The mean cross-entropy of an image's hard pixels, weighted by class: those whose class has at most the probability
/// `threshold`, and at least `minimumCount` of the hardest (online hard example mining, Shrivastava, Gupta and Girshick,
/// CVPR 2016, as segmentation codes have it).
package struct OnlineHardPixelLoss: DenseLoss {
  package let names = ["ohem"]
  package let threshold: Float
  package let minimumCount: Int

  package init(threshold: Float, minimumCount: Int) {
    self.threshold = threshold
    self.minimumCount = minimumCount
  }

  package func backpropagate(_ image: DenseImage, scale: Float) -> [Double] {
    let limit = limit(of: image)
    func weight(_ pixel: Int) -> Double {
      image.trueProbability(pixel) <= limit ? Double(image.classWeights[Int(image.labels[pixel])]) : 0
    }
    let sums = image.sums(2) { pixel, sums in
      let weight = weight(pixel)
      sums[0] -= weight * logarithm(max(Double(image.trueProbability(pixel)), 1e-38))
      sums[1] += weight
    }
    let total = sums[1] > 0 ? sums[1] : 1
    image.writeGradient { Float(Double(scale) * weight($0) / total) }
    return [sums[0] / total]
  }

  /// The probability above which pixels are easy. Pixels that have the same are taken all or none, so that the order of
  /// pixels does not matter.
  private func limit(of image: DenseImage) -> Float {
    var probabilities: [Float] = []
    probabilities.reserveCapacity(image.pixelCount)
    var hardCount = 0
    for pixel in 0..<image.pixelCount where image.isCounted(pixel) {
      let probability = image.trueProbability(pixel)
      probabilities.append(probability)
      if probability <= threshold { hardCount += 1 }
    }
    if hardCount >= min(minimumCount, probabilities.count) { return threshold }
    let order = RadixOrder.ascending(probabilities)
    return probabilities[order[min(minimumCount, probabilities.count) - 1]]
  }
}
