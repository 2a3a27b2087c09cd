/// The five losses of Mask R-CNN, in the order of docs/formats.md section 9.
package struct InstanceLosses: Equatable, Sendable {
  package var objectness = 0.0
  package var proposalBox = 0.0
  package var classification = 0.0
  package var box = 0.0
  package var mask = 0.0

  package init() {}

  /// As in metrics.jsonl.
  package static let names = ["objectness", "rpn_box", "class", "box", "mask"]
  package var values: [Double] { [objectness, proposalBox, classification, box, mask] }
  package var sum: Double { values.reduce(0, +) }

  /// Adds loss by loss.
  package static func += (total: inout InstanceLosses, other: InstanceLosses) {
    total.objectness += other.objectness
    total.proposalBox += other.proposalBox
    total.classification += other.classification
    total.box += other.box
    total.mask += other.mask
  }
}
