import Basics

/// Regions that the region proposal network finds worth a look (Ren et al. 2015; torchvision's `filter_proposals`).
package struct Proposals: Equatable, Sendable {
  /// What the network says of one level's anchors.
  package struct Level {
    package let grid: AnchorGrid
    /// One an anchor, in the anchors' order.
    package let logits: UnsafeBufferPointer<Float>
    /// Four an anchor.
    package let offsets: UnsafeBufferPointer<Float>

    /// - Precondition: the buffers have one and four elements an anchor.
    package init(grid: AnchorGrid, logits: UnsafeBufferPointer<Float>, offsets: UnsafeBufferPointer<Float>) {
      precondition(logits.count == grid.count && offsets.count == 4 * grid.count)
      self.grid = grid
      self.logits = logits
      self.offsets = offsets
    }
  }

  /// How many are kept of each level before suppression, and of the image after it.
  package struct Limits: Equatable, Sendable {
    package var before: Int
    package var after: Int
    /// Of two proposals of a level that overlap by more, the better is kept.
    package var overlap = 0.7
    /// In pixels; a proposal with a shorter side is dropped.
    package var side: Float = 1e-3

    package init(before: Int, after: Int, overlap: Double = 0.7) {
      self.before = before
      self.after = after
      self.overlap = overlap
    }
  }

  /// Best first.
  package let boxes: [Box]
  /// Probabilities of an object.
  package let scores: [Float]

  /// - Parameter height, width: of the image without its padding, in pixels.
  package init(levels: [Level], height: Int, width: Int, limits: Limits) {
    var boxes: [Box] = []
    var scores: [Float] = []
    var groups: [Int] = []
    for (number, level) in levels.enumerated() {
      for index in Ranking.best(limits.before, of: level.logits) {
        let offsets = BoxCoder.Offsets(
          level.offsets[4 * index], level.offsets[4 * index + 1], level.offsets[4 * index + 2],
          level.offsets[4 * index + 3])
        let box = BoxCoder.anchors.decode(offsets, from: level.grid[index]).clipped(width: width, height: height)
        let score = Float(1 / (1 + exponential(-Double(level.logits[index]))))
        // Comparisons are false for what is not a number.
        guard box.isAtLeast(limits.side), score >= 0 else { continue }
        boxes.append(box)
        scores.append(score)
        groups.append(number)
      }
    }
    let kept = Suppression.kept(boxes, scores: scores, groups: groups, threshold: limits.overlap).prefix(limits.after)
    self.boxes = kept.map { boxes[$0] }
    self.scores = kept.map { scores[$0] }
  }
}
