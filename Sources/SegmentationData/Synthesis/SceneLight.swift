/// Red, green and blue, 0 ... 1.
typealias Light = SIMD3<Float>

func mix(_ a: Light, _ b: Light, _ share: Float) -> Light { a + (b - a) * share }
func clamped(_ x: Float, _ low: Float = 0, _ high: Float = 1) -> Float { min(max(x, low), high) }
/// 0 below `low`, 1 above `high`, smooth between.
func smooth(_ x: Float, _ low: Float, _ high: Float) -> Float {
  let t = clamped((x - low) / (high - low))
  return t * t * (3 - 2 * t)
}
