import Basics

/// The scales and mirror images over which the probabilities of an image's pixels are averaged, as multi-scale and flip
/// testing do.
package struct TestTimeAugmentation: Equatable, Sendable {
  /// Of the image's height and width.
  package let scales: [Double]
  package let flips: Bool

  /// What a scale may be.
  package static let range = 0.1...4.0

  package init(scales: [Double], flips: Bool) {
    self.scales = scales
    self.flips = flips
  }

  /// The size of an image at a scale.
  package static func size(height: Int, width: Int, at scale: Double) -> (height: Int, width: Int) {
    (max(1, Int((Double(height) * scale).rounded())), max(1, Int((Double(width) * scale).rounded())))
  }

  /// The size at the largest scale, which takes the most memory.
  package func largestSize(height: Int, width: Int) -> (height: Int, width: Int) {
    Self.size(height: height, width: width, at: scales.max() ?? 1)
  }
}
