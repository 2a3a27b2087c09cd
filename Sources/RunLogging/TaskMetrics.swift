import Basics

/// A number that evaluations measure: from 0 to 1, more is better.
package struct Metric: Equatable, Sendable {
  /// In files: "mean_iou".
  package let name: String
  /// For people: "mean IoU".
  package let title: String
}

extension VisionTask {
  /// What evaluations measure over all images. The first one decides which checkpoint is the best.
  package var metrics: [Metric] {
    switch self {
    case .semantic:
      [Metric(name: "mean_iou", title: "mean IoU"), Metric(name: "pixel_accuracy", title: "pixel accuracy")]
    case .classification: [Metric(name: "top1", title: "top-1"), Metric(name: "top5", title: "top-5")]
    case .instances:
      [
        Metric(name: "mask_ap", title: "mask AP"), Metric(name: "box_ap", title: "box AP"),
        Metric(name: "mask_ap50", title: "mask AP50"), Metric(name: "box_ap50", title: "box AP50"),
      ]
    }
  }

  /// What they measure of each class.
  package var classMetric: Metric {
    switch self {
    case .semantic: Metric(name: "iou", title: "IoU")
    case .classification: Metric(name: "accuracy", title: "accuracy")
    case .instances: Metric(name: "ap", title: "mask AP")
    }
  }
}
