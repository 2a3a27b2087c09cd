import Basics

/// How far a box lies from a proposal, in units that do not depend on the proposal's size (Girshick et al. 2014,
/// appendix C; torchvision's `BoxCoder`).
package struct BoxCoder: Equatable, Sendable {
  /// The four numbers of a box: shifts of the centre and logarithms of the ratios of the sides, times the weights.
  package struct Offsets: Equatable, Sendable {
    package var dx: Float
    package var dy: Float
    package var dw: Float
    package var dh: Float

    package init(_ dx: Float, _ dy: Float, _ dw: Float, _ dh: Float) {
      self.dx = dx
      self.dy = dy
      self.dw = dw
      self.dh = dh
    }
  }

  package let weights: Offsets
  /// No side grows by more than 1000 / 16.
  package static let limit: Float = 4.135166556742356

  package static let anchors = BoxCoder(weights: Offsets(1, 1, 1, 1))
  package static let regions = BoxCoder(weights: Offsets(10, 10, 5, 5))

  package init(weights: Offsets) { self.weights = weights }

  /// - Precondition: both boxes have an area.
  package func encode(_ box: Box, from proposal: Box) -> Offsets {
    let (pw, ph) = (proposal.width, proposal.height)
    let (w, h) = (box.width, box.height)
    let (px, py) = (proposal.x1 + 0.5 * pw, proposal.y1 + 0.5 * ph)
    let (x, y) = (box.x1 + 0.5 * w, box.y1 + 0.5 * h)
    return Offsets(
      weights.dx * (x - px) / pw, weights.dy * (y - py) / ph,
      weights.dw * Float(logarithm(Double(w / pw))), weights.dh * Float(logarithm(Double(h / ph))))
  }

  /// The box that lies so from a proposal; neither side grows beyond the limit.
  @inline(__always)
  package func decode(_ offsets: Offsets, from proposal: Box) -> Box {
    let (pw, ph) = (proposal.width, proposal.height)
    let (px, py) = (proposal.x1 + 0.5 * pw, proposal.y1 + 0.5 * ph)
    let dw = min(offsets.dw / weights.dw, Self.limit)
    let dh = min(offsets.dh / weights.dh, Self.limit)
    let (x, y) = (offsets.dx / weights.dx * pw + px, offsets.dy / weights.dy * ph + py)
    let w = 0.5 * (Float(exponential(Double(dw))) * pw)
    let h = 0.5 * (Float(exponential(Double(dh))) * ph)
    return Box(x - w, y - h, x + w, y + h)
  }
}
