import CVector

/// Values that a bfloat16 can hold, kept as float32: what the bfloat16 backend computes, as the oracle computes it.
enum BFloat16Rounding {
  /// Rounds to nearest, ties to even; NaN stays NaN.
  @inline(__always)
  static func rounded(_ x: PanelLanes) -> PanelLanes {
    let bits = unsafeBitCast(x, to: SIMD16<UInt32>.self)
    let odd = (bits &>> 16) & 1
    let rounded = (bits &+ 0x7FFF &+ odd) & 0xFFFF_0000
    let result = rounded.selecting((bits & 0xFFFF_0000) | 0x0040_0000, where: x .!= x)
    return unsafeBitCast(result, to: PanelLanes.self)
  }

  static func round(_ values: UnsafeMutablePointer<Float>, count: Int) {
    cvector_round_to_bfloat16(values, count)
  }
}
