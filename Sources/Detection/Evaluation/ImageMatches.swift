import Basics

/// What became of one image's detections: all that COCO's metric needs of it. Any rank computes it for any image;
/// `EvaluationSummary` joins them in the order of image ids.
package struct ImageMatches: Equatable, Sendable {
  /// One class of the image.
  package struct Category: Equatable, Sendable {
    package let category: Int
    /// Instances that count, for each range of areas.
    package let truthCounts: [Int32]
    /// At most 100, descending.
    package let scores: [Double]
    /// For each detection and each range of areas: bit t where it was matched at threshold t, bit 16 + t where it is
    /// ignored there.
    package let outcomes: [UInt32]
  }

  package let image: Int
  /// Classes with instances or detections, ascending.
  package let categories: [Category]

  init(image: Int, categories: [Category]) {
    self.image = image
    self.categories = categories
  }
}
