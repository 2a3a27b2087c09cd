/// 1 - D of every class that an image's labels have, averaged with the classes' weights, where
/// D = 2 sum of p g / (sum of p^2 + sum of g^2) over the image's pixels, g being 1 for pixels of the class (Milletari,
/// Navab and Ahmadi, 3DV 2016, section 3).
package struct DiceLoss: DenseLoss {
  package let crossEntropy: Double
  package var names: [String] { crossEntropy > 0 ? ["dice", "cross_entropy"] : ["dice"] }

  /// - Parameter crossEntropy: times the mean cross-entropy that is added.
  package init(crossEntropy: Double = 0) { self.crossEntropy = crossEntropy }

  package func backpropagate(_ image: DenseImage, scale: Float) -> [Double] {
    let classCount = image.classCount
    let added = MeanCrossEntropy(of: image, factor: crossEntropy)
    // Of each class: p g, then p^2.
    let sums = image.sums(2 * classCount) { pixel, sums in
      let row = image.values + pixel * classCount
      sums[Int(image.labels[pixel])] += Double(row[Int(image.labels[pixel])])
      for other in 0..<classCount { sums[classCount + other] += Double(row[other]) * Double(row[other]) }
    }
    let weights = image.presentClassWeights
    var loss = 0.0
    // Of the derivative by a probability p: what p is multiplied by, and what is added where the pixel is of the class.
    var slopes = [(product: Float, own: Float)](repeating: (0, 0), count: classCount)
    for (label, count) in image.classCounts.enumerated() where count > 0 {
      let both = sums[classCount + label] + Double(count)
      loss += weights[label] * (1 - 2 * sums[label] / both)
      slopes[label].product = Float(Double(scale) * weights[label] * 4 * sums[label] / (both * both))
      slopes[label].own = Float(Double(scale) * weights[label] * -2 / both)
    }
    let crossEntropyLoss = added.value(image)
    image.writeGradient {
      added.gradientFactor(image, $0, scale: scale)
    } slope: { pixel, label in
      let product = slopes[label].product * image.values[pixel * classCount + label]
      return label == Int(image.labels[pixel]) ? product + slopes[label].own : product
    }
    return crossEntropy > 0 ? [loss, crossEntropyLoss] : [loss]
  }
}

extension DenseImage {
  /// The weights of the classes that the labels have, which sum to 1; 0 for the others, and everywhere where all that
  /// are there have no weight.
  var presentClassWeights: [Double] {
    let present = zip(classCounts, classWeights).map { $0 > 0 ? Double($1) : 0 }
    let sum = present.reduce(0, +)
    return sum > 0 ? present.map { $0 / sum } : present
  }
}
