import Basics

/// -(1 - p)^gamma ln p of a pixel whose class has the probability p, times the class's weight (Lin et al., ICCV 2017,
/// section 3; the weight is their alpha). Summed over the pixels; with gamma 0 it is cross-entropy.
package struct FocalLoss: DenseLoss {
  package let names = ["focal"]
  package let gamma: Double

  package init(gamma: Double) { self.gamma = gamma }

  package func backpropagate(_ image: DenseImage, scale: Float) -> [Double] {
    let loss = image.sums(1) { pixel, sum in
      let (probability, rest) = Self.parts(image, pixel)
      sum[0] -= Double(weight(image, pixel)) * power(rest, gamma) * logarithm(probability)
    }
    image.writeGradient { pixel in
      let (probability, rest) = Self.parts(image, pixel)
      let factor =
        power(rest, gamma) - gamma * probability * power(rest, gamma - 1) * logarithm(probability)
      return Float(Double(scale * weight(image, pixel)) * factor)
    }
    return loss
  }

  private func weight(_ image: DenseImage, _ pixel: Int) -> Float { image.classWeights[Int(image.labels[pixel])] }

  /// p and 1 - p, away from 0.
  private static func parts(_ image: DenseImage, _ pixel: Int) -> (Double, Double) {
    let probability = Double(image.trueProbability(pixel))
    return (max(probability, 1e-38), max(1 - probability, 1e-12))
  }
}
