import Basics
import Collectives

/// What is counted of images whose pixels have a true and a given class, whatever system gave it.
package struct PixelTally: Equatable, Sendable {
  package private(set) var confusion: ConfusionMatrix
  /// nil where outlines are not measured.
  package private(set) var boundary: BoundaryTally?
  package private(set) var imageCount: Int64 = 0

  package init(classCount: Int, measuresBoundaries: Bool = true) {
    confusion = ConfusionMatrix(classCount: classCount)
    boundary = measuresBoundaries ? BoundaryTally(classCount: classCount) : nil
  }

  /// Counts an image.
  ///
  /// - Parameters:
  ///   - labels: height x width; those that are no class are left out.
  ///   - predictions: the same; a class wherever the label is one.
  package mutating func accumulate(
    labels: [UInt16], predictions: [UInt16], height: Int, width: Int, ignoreLabel: UInt16
  ) {
    labels.withUnsafeBufferPointer { labels in
      predictions.withUnsafeBufferPointer { predictions in
        accumulate(labels: labels, predictions: predictions, height: height, width: width, ignoreLabel: ignoreLabel)
      }
    }
  }

  /// The same for values in memory.
  package mutating func accumulate(
    labels: UnsafeBufferPointer<UInt16>, predictions: UnsafeBufferPointer<UInt16>, height: Int, width: Int,
    ignoreLabel: UInt16
  ) {
    confusion.accumulate(labels: labels, predictions: predictions, ignoreLabel: ignoreLabel)
    boundary?.accumulate(
      labels: labels, predictions: predictions, height: height, width: width, ignoreLabel: ignoreLabel)
    imageCount += 1
  }

  /// - Important: Collective.
  package mutating func allReduce(over group: any ProcessGroup) throws {
    try confusion.allReduce(over: group)
    try boundary?.allReduce(over: group)
    imageCount = try group.allReduce(imageCount, .sum)
  }

  /// An evaluation whose loss is not a number: classes alone have none.
  package var evaluation: Evaluation {
    Evaluation(confusion: confusion, imageCount: Int(imageCount), loss: .nan, boundary: boundary)
  }
}
