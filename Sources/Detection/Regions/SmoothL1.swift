/// The smooth L1 loss of box offsets: quadratic below `beta`, linear above.
package enum SmoothL1 {
  package static let beta: Float = 1 / 9

  /// The loss of one difference.
  @inline(__always)
  package static func value(_ difference: Float, beta: Float = beta) -> Float {
    let size = abs(difference)
    return size < beta ? 0.5 * difference * difference / beta : size - 0.5 * beta
  }

  /// The derivative by the difference.
  @inline(__always)
  package static func slope(_ difference: Float, beta: Float = beta) -> Float {
    abs(difference) < beta ? difference / beta : difference > 0 ? 1 : -1
  }
}
