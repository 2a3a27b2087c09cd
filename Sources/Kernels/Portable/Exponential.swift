/// e^x by range reduction and a polynomial: the same bits on every machine, which a C library does not promise.
///
/// Relative error below 2e-7 for x in -87 ... 0; smaller x give the value at -87, NaN gives NaN. Not for x > 0.
@inline(__always)
func exponentialOfNonPositive(_ x: SIMD16<Float>) -> SIMD16<Float> {
  let lowest = SIMD16<UInt32>(repeating: Float(-87).bitPattern)
  let x = unsafeBitCast(
    unsafeBitCast(x, to: SIMD16<UInt32>.self).selecting(lowest, where: x .< -87), to: SIMD16<Float>.self)
  // Adding 1.5 * 2^23 rounds to an integer that stands in the low bits.
  let magic: Float = 12_582_912
  let shifted = x * 1.442_695_04 + magic
  let n = shifted - magic
  // ln 2 in two parts, the first exact in products with n.
  let r = (x - n * 0.693_359_375) - n * -2.121_944_4e-4
  var p = SIMD16<Float>(repeating: 1.987_569_15e-4)
  p = p * r + 1.398_199_95e-3
  p = p * r + 8.333_451_9e-3
  p = p * r + 4.166_579_6e-2
  p = p * r + 1.666_666_55e-1
  p = p * r + 5.000_000_1e-1
  let mantissa = (p * r) * r + r + 1
  let exponent = (unsafeBitCast(shifted, to: SIMD16<UInt32>.self) &+ 127) &<< 23
  return mantissa * unsafeBitCast(exponent, to: SIMD16<Float>.self)
}
