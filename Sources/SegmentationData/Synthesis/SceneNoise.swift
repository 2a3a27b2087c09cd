/// Noise as a function of place.
struct SceneNoise {
  let seed: UInt64

  /// 0 ..< 1, without any relation between places.
  func value(_ x: Int, _ y: Int, _ layer: Int = 0) -> Float {
    let place =
      UInt64(truncatingIfNeeded: x & 0xFF_FFFF) | UInt64(truncatingIfNeeded: y & 0xFF_FFFF) << 24
      | UInt64(truncatingIfNeeded: layer & 0xFFFF) << 48
    // Two rounds of multiply and fold are random enough for the eye, and most of a scene's time is spent here.
    var bits = (seed ^ place) &* 0x9E37_79B9_7F4A_7C15
    bits ^= bits >> 32
    bits = bits &* 0xD6E8_FEB8_6659_FD93
    return Float((bits ^ bits >> 32) >> 16 & 0xFF_FFFF) * 0x1p-24
  }

  /// 0 ... 1, smooth over distances of about 1.
  func smoothValue(_ x: Float, _ y: Float, _ layer: Int = 0) -> Float {
    let (column, row) = (x.rounded(.down), y.rounded(.down))
    let (u, v) = (smooth(x - column, 0, 1), smooth(y - row, 0, 1))
    let (i, j) = (Int(column), Int(row))
    let upper = value(i, j, layer) + (value(i + 1, j, layer) - value(i, j, layer)) * u
    let lower = value(i, j + 1, layer) + (value(i + 1, j + 1, layer) - value(i, j + 1, layer)) * u
    return upper + (lower - upper) * v
  }

  /// 0 ... 1 with detail down to an eighth of a unit.
  func cloudy(_ x: Float, _ y: Float, _ layer: Int = 0) -> Float {
    var sum: Float = 0
    var (scale, weight): (Float, Float) = (1, 0.5)
    for octave in 0..<4 {
      sum += weight * smoothValue(x * scale, y * scale, layer * 8 + octave)
      scale *= 2
      weight *= 0.5
    }
    return sum / 0.9375
  }
}
