import Collectives

/// How well the outlines of classes are met: the boundary F-measure (Csurka, Larlus and Perronnin, "What is a good
/// evaluation measure for semantic segmentation?", 2013; with SegNet's tolerance, Badrinarayanan et al. 2017, section 4.2).
///
/// In one image, a class's boundary is the pixels of the class that have a pixel of something else above, below, left or
/// right of them; pixels that truly are of no class are of none in the prediction either. Precision is the share of the
/// predicted boundary that lies nearer to the true one than the tolerance, recall the share of the true boundary that
/// lies nearer to the predicted one, F their harmonic mean. Images where the class has no true boundary do not count.
///
/// All that is summed is integers, so that any order and any split of the images gives the same bits.
package struct BoundaryTally: Equatable, Sendable {
  package let classCount: Int
  /// Of each class: its F-measures of all images, in units of 2^-40, and how many there are. Then the same of images,
  /// of which each has the mean over its classes.
  private var sums: [Int64]

  /// F-measures are rounded to so many parts of 1: sums over four million images are exact.
  private static let unit = Double(1 << 40)

  package init(classCount: Int) {
    self.classCount = classCount
    sums = [Int64](repeating: 0, count: 2 * classCount + 2)
  }

  /// Counts an image.
  ///
  /// - Parameters:
  ///   - labels: height x width, from the top.
  ///   - predictions: the same; a class wherever the label is one.
  package mutating func accumulate(
    labels: UnsafeBufferPointer<UInt16>, predictions: UnsafeBufferPointer<UInt16>, height: Int, width: Int,
    ignoreLabel: UInt16
  ) {
    precondition(labels.count == height * width && predictions.count == labels.count)
    let truth = OutlineMap(height: height, width: width) { place in
      labels[place] == ignoreLabel || Int(labels[place]) >= classCount ? OutlineMap.nothing : labels[place]
    }
    let prediction = OutlineMap(height: height, width: width) { place in
      labels[place] == ignoreLabel || Int(labels[place]) >= classCount ? OutlineMap.nothing : predictions[place]
    }
    let reach = OutlineReach(height: height, width: width)
    let (found, truthCounts) = truth.matches(in: prediction, within: reach, classCount: classCount)
    let (right, predictionCounts) = prediction.matches(in: truth, within: reach, classCount: classCount)
    var (sum, count) = (Int64(0), Int64(0))
    for label in 0..<classCount where truthCounts[label] > 0 {
      // 2 P R / (P + R) with P = right / predicted and R = found / true.
      let (p, r) = (Double(right[label]), Double(found[label]))
      let denominator = p * Double(truthCounts[label]) + r * Double(predictionCounts[label])
      let measure = denominator > 0 ? Int64((2 * p * r / denominator * Self.unit).rounded()) : 0
      sums[2 * label] += measure
      sums[2 * label + 1] += 1
      sum += measure
      count += 1
    }
    guard count > 0 else { return }
    sums[2 * classCount] += sum / count
    sums[2 * classCount + 1] += 1
  }

  /// - Important: Collective.
  package mutating func allReduce(over group: any ProcessGroup) throws { try group.allReduce(&sums, .sum) }

  /// The mean over the images in which the class has a boundary, 0 ... 1; nil where there is none.
  package func value(ofClass label: Int) -> Double? { mean(at: label) }

  /// Images in which the class has a boundary.
  package func imageCount(ofClass label: Int) -> Int { Int(sums[2 * label + 1]) }

  /// SegNet's BF: the mean over images of the mean over the classes that have a boundary in the image; nil where
  /// no image has any.
  package var mean: Double? { mean(at: classCount) }

  private func mean(at place: Int) -> Double? {
    let count = sums[2 * place + 1]
    return count == 0 ? nil : Double(sums[2 * place]) / Double(count) / Self.unit
  }
}
