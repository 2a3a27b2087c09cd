/// Non-maximum suppression: of boxes that overlap by more than a threshold the one with the best score is kept.
package enum Suppression {
  /// The indices of the boxes that are kept, best first; ties by index.
  ///
  /// - Parameters:
  ///   - groups: class or level of each box; boxes of different groups do not suppress each other. nil: all are of one.
  ///   - threshold: a box is suppressed where its overlap is greater.
  /// - Precondition: as many scores (and groups) as boxes.
  package static func kept(_ boxes: [Box], scores: [Float], groups: [Int]? = nil, threshold: Double) -> [Int] {
    precondition(boxes.count == scores.count && (groups.map { $0.count == boxes.count } ?? true))
    let order = Ranking.descending(scores)
    guard let groups else { return survivors(order, boxes, threshold) }
    // Each group by itself, in the common order: the ranks of the survivors restore it.
    var members: [Int: [Int]] = [:]
    for index in order { members[groups[index], default: []].append(index) }
    var isKept = [Bool](repeating: false, count: boxes.count)
    for group in members.values { for index in survivors(group, boxes, threshold) { isKept[index] = true } }
    return order.filter { isKept[$0] }
  }

  private static func survivors(_ order: [Int], _ boxes: [Box], _ threshold: Double) -> [Int] {
    // "The overlap as float64 is greater" in float32: greater than the next float32 that is not above the threshold.
    var limit = Float(threshold)
    if Double(limit) > threshold { limit = limit.nextDown }
    let sorted = order.map { boxes[$0] }
    var isSuppressed = [Bool](repeating: false, count: order.count)
    var kept: [Int] = []
    sorted.withUnsafeBufferPointer { sorted in
      isSuppressed.withUnsafeMutableBufferPointer { isSuppressed in
        for i in sorted.indices where !isSuppressed[i] {
          kept.append(order[i])
          let box = sorted[i]
          for j in (i + 1)..<max(sorted.count, i + 1) where !isSuppressed[j] {
            if box.overlap(with: sorted[j]) > limit { isSuppressed[j] = true }
          }
        }
      }
    }
    return kept
  }
}
