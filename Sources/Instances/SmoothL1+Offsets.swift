import Detection

extension SmoothL1 {
  /// The loss of four offsets, divided; writes its gradient.
  ///
  /// - Parameters:
  ///   - share: what the loss is multiplied by.
  ///   - scale: multiplies the gradient beside it.
  ///   - gradient: four elements.
  static func add(
    _ offsets: BoxCoder.Offsets, _ target: BoxCoder.Offsets, share: Float, scale: Float,
    into gradient: UnsafeMutablePointer<Float>
  ) -> Double {
    let differences = [
      offsets.dx - target.dx, offsets.dy - target.dy, offsets.dw - target.dw, offsets.dh - target.dh,
    ]
    var loss = 0.0
    for (index, difference) in differences.enumerated() {
      loss += Double(value(difference)) * Double(share)
      gradient[index] = slope(difference) * share * scale
    }
    return loss
  }
}
