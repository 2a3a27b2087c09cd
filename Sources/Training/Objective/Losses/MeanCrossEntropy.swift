import Basics

/// The mean cross-entropy of an image's pixels, weighted by class, times a factor: what is added to losses of whole
/// regions, whose gradient is small where nothing is right yet.
struct MeanCrossEntropy {
  private let factor: Double
  private let total: Double

  /// - Parameter factor: 0: nothing is added.
  init(of image: DenseImage, factor: Double) {
    self.factor = factor
    total = factor > 0 ? image.sums(1) { $1[0] += Double(image.classWeights[Int(image.labels[$0])]) }[0] : 0
  }

  func value(_ image: DenseImage) -> Double {
    guard total > 0 else { return 0 }
    let sum = image.sums(1) { pixel, sum in
      sum[0] -=
        Double(image.classWeights[Int(image.labels[pixel])])
        * logarithm(max(Double(image.trueProbability(pixel)), 1e-38))
    }
    return factor * sum[0] / total
  }

  /// As `DenseImage.writeGradient` takes it.
  func gradientFactor(_ image: DenseImage, _ pixel: Int, scale: Float) -> Float {
    guard total > 0 else { return 0 }
    return Float(Double(scale) * factor * Double(image.classWeights[Int(image.labels[pixel])]) / total)
  }
}
