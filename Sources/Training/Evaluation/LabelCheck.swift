import Basics
import SegmentationData

/// Refuses labels that are neither a class nor the ignore label, before they index anything.
enum LabelCheck {
  /// Counts the pixels of every class.
  @discardableResult
  static func check(_ sample: Sample, classCount: Int, ignoreLabel: UInt16) throws -> [Int64] {
    var counts = [Int64](repeating: 0, count: classCount)
    for (i, label) in sample.labels.enumerated() where label != ignoreLabel {
      guard Int(label) < classCount else {
        let place = " at pixel (row \(i / sample.width), column \(i % sample.width))"
        throw Failure(
          .badData,
          "label \(label) of sample '\(sample.key)'\(sample.labels.count == 1 ? "" : place) is "
            + "neither a class of the model (0 to \(classCount - 1)) nor the ignore label \(ignoreLabel)",
          remedy: "check the dataset with 'fcn-dist dataset verify', or set model.classes to the number of classes")
      }
      counts[Int(label)] += 1
    }
    return counts
  }
}
