/// The constants of COCO's metric, as pycocotools computes them.
package enum EvaluationRules {
  /// numpy's linspace(0.5, 0.95, 10): the ninth is 0.8999999999999999.
  package static let overlaps: [Double] = {
    let step: Double = (0.95 - 0.5) / 9
    return (0..<9).map { Double($0) * step + 0.5 } + [0.95]
  }()
  /// numpy's linspace(0, 1, 101).
  package static let recalls: [Double] = (0..<100).map { Double($0) * 0.01 } + [1]
  /// Areas in pixels: all, small, medium and large instances. Both ends belong to them.
  package static let areas: [ClosedRange<Double>] = [0...1e10, 0...1024, 1024...9216, 9216...1e10]
  /// How many detections of an image and a class are looked at.
  package static let detectionLimits = [1, 10, 100]

  static var detectionLimit: Int { detectionLimits[2] }
}

/// What is compared.
package enum EvaluationKind: String, CaseIterable, Sendable {
  case boxes = "bbox"
  case masks = "segm"
}

/// An annotated instance.
package struct TruthInstance: Sendable {
  /// The annotation's id, 1 or more.
  package var identifier: Int
  package var category: Int
  package var box: Rectangle
  /// In pixels, as the annotation says it; decides the size class.
  package var area: Double
  package var isCrowd: Bool
  package var mask: RunLengths?

  package init(
    identifier: Int, category: Int, box: Rectangle, area: Double, isCrowd: Bool = false, mask: RunLengths? = nil
  ) {
    self.identifier = identifier
    self.category = category
    self.box = box
    self.area = area
    self.isCrowd = isCrowd
    self.mask = mask
  }
}

/// A detected instance.
package struct DetectedInstance: Sendable {
  package var category: Int
  package var score: Double
  package var box: Rectangle
  /// In pixels. pycocotools takes the box's where results have boxes, the mask's otherwise.
  package var area: Double
  package var mask: RunLengths?

  /// - Parameter area: nil for the box's.
  package init(category: Int, score: Double, box: Rectangle, area: Double? = nil, mask: RunLengths? = nil) {
    self.category = category
    self.score = score
    self.box = box
    self.area = area ?? box.area
    self.mask = mask
  }
}
