import Detection
import Kernels
import Model

/// What the region proposal network says of a batch: logits and offsets of every anchor as float32, kept for the loss.
final class ProposalOutputs {
  let anchors: PyramidAnchors
  private let images: Int
  /// By level: [images, anchors of the level], and four times as many offsets.
  private var logits: [[Float]]
  private var offsets: [[Float]]

  init(_ plan: Plan, _ settings: DetectionSettings) {
    images = plan.images
    let shapes = (0..<DetectionSettings.levelCount).map { plan.outputShapes[MaskRCNNOutput.objectness(level: $0)] }
    anchors = PyramidAnchors(
      settings, height: plan.height, width: plan.width, maps: shapes.map { ($0.height, $0.width) })
    logits = shapes.map { [Float](repeating: 0, count: $0.count) }
    offsets = shapes.map { [Float](repeating: 0, count: 4 * $0.count) }
  }

  /// Takes over the outputs of the plan's forward pass so far.
  func read(_ plan: Plan) {
    for level in logits.indices {
      logits[level].withUnsafeMutableBufferPointer {
        if let base = $0.baseAddress { plan.read(output: MaskRCNNOutput.objectness(level: level), into: base) }
      }
      offsets[level].withUnsafeMutableBufferPointer {
        if let base = $0.baseAddress { plan.read(output: MaskRCNNOutput.offsets(level: level), into: base) }
      }
    }
  }

  /// The place of an anchor, numbered over all levels, in the arrays of its level.
  func place(_ anchor: Int, ofImage image: Int) -> (level: Int, index: Int) {
    var level = anchors.starts.count - 1
    while anchors.starts[level] > anchor { level -= 1 }
    return (level, image * anchors.grids[level].count + anchor - anchors.starts[level])
  }

  func logit(_ place: (level: Int, index: Int)) -> Float { logits[place.level][place.index] }

  func offsets(_ place: (level: Int, index: Int)) -> BoxCoder.Offsets {
    let values = offsets[place.level]
    let first = 4 * place.index
    return BoxCoder.Offsets(values[first], values[first + 1], values[first + 2], values[first + 3])
  }

  /// - Parameter height, width: of the image without its padding.
  func proposals(ofImage image: Int, height: Int, width: Int, limits: Proposals.Limits) -> Proposals {
    withLevels(of: image, from: 0, []) {
      Proposals(levels: $0, height: height, width: width, limits: limits)
    }
  }

  private func withLevels(
    of image: Int, from level: Int, _ levels: [Proposals.Level], _ body: ([Proposals.Level]) -> Proposals
  ) -> Proposals {
    guard level < logits.count else { return body(levels) }
    let grid = anchors.grids[level]
    let range = image * grid.count..<(image + 1) * grid.count
    return logits[level].withUnsafeBufferPointer { logits in
      offsets[level].withUnsafeBufferPointer { offsets in
        let own = Proposals.Level(
          grid: grid, logits: UnsafeBufferPointer(rebasing: logits[range]),
          offsets: UnsafeBufferPointer(rebasing: offsets[4 * range.lowerBound..<4 * range.upperBound]))
        return withLevels(of: image, from: level + 1, levels + [own], body)
      }
    }
  }
}
