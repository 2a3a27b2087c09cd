import Detection

/// COCO's numbers of boxes and of masks (pycocotools).
package struct InstanceScores: Equatable, Sendable {
  package let boxes: EvaluationSummary
  package let masks: EvaluationSummary

  package init(boxes: EvaluationSummary, masks: EvaluationSummary) {
    self.boxes = boxes
    self.masks = masks
  }

  /// One for each metric of the task: mask AP, box AP, and both at an overlap of one half; 0 where nothing could be
  /// measured.
  package var values: [Double] {
    [masks.values[0], boxes.values[0], masks.values[1], boxes.values[1]].map { max($0, 0) }
  }

  /// The class's mask AP; nil: it does not occur.
  package func value(ofClass label: Int) -> Double? {
    masks.categories.first { $0.category == label }.flatMap { $0.averagePrecision < 0 ? nil : $0.averagePrecision }
  }
}
