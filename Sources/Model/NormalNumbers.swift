import Basics

/// Standard normal numbers in bulk (Box-Muller over Philox), the same bits on every machine: logarithm, sine and cosine
/// are polynomials of single-precision operations in a fixed order (coefficients: Moshier, Cephes mathematical
/// library).
enum NormalNumbers {
  /// Fills `numbers` with normal numbers of the given standard deviation. Number i depends on the generator and i
  /// alone.
  ///
  /// - Parameter first: the number of the first, a multiple of 16.
  static func fill(
    _ numbers: UnsafeMutableBufferPointer<Float>, startingAt first: Int, from generator: Philox, deviation: Float
  ) {
    guard let base = numbers.baseAddress else { return }
    precondition(first % 16 == 0, "numbers are made 16 at a time")
    var index = 0
    var counter = UInt64(first / 4)
    while index < numbers.count {
      let radiusBits = SIMD8(lowHalf: generator.block(at: counter), highHalf: generator.block(at: counter + 1))
      let angleBits = SIMD8(lowHalf: generator.block(at: counter + 2), highHalf: generator.block(at: counter + 3))
      let (a, b) = normals(radiusBits, angleBits)
      let sixteen = SIMD16(lowHalf: a, highHalf: b) * deviation
      if index + 16 <= numbers.count {
        UnsafeMutableRawPointer(base + index).storeBytes(of: sixteen, as: SIMD16<Float>.self)
      } else {
        for lane in 0..<numbers.count - index { base[index + lane] = sixteen[lane] }
      }
      index += 16
      counter += 4
    }
  }

  @inline(__always)
  private static func normals(
    _ radiusBits: SIMD8<UInt32>, _ angleBits: SIMD8<UInt32>
  ) -> (SIMD8<Float>, SIMD8<Float>) {
    // Uniform in 0 < u <= 1, so that the logarithm is finite.
    let radius = squareRoot(naturalLogarithm(2 - oneToTwo(radiusBits)) * -2)
    let (sine, cosine) = sineAndCosine(ofTurns: oneToTwo(angleBits) - 1)
    return (radius * cosine, radius * sine)
  }

  /// The upper 23 bits as the mantissa of a number from 1 to below 2.
  @inline(__always)
  private static func oneToTwo(_ bits: SIMD8<UInt32>) -> SIMD8<Float> {
    unsafeBitCast((bits &>> 9) | 0x3F80_0000, to: SIMD8<Float>.self)
  }

  /// Adding this rounds a small number to an integer, which then stands in the low bits.
  private static let rounder: Float = 12_582_912

  /// Newton's iteration for 1 / sqrt(x), times x. The square root of the standard library takes lane by lane.
  @inline(__always)
  static func squareRoot(_ x: SIMD8<Float>) -> SIMD8<Float> {
    let half = x * 0.5
    var y = unsafeBitCast(0x5F37_59DF &- (unsafeBitCast(x, to: SIMD8<UInt32>.self) &>> 1), to: SIMD8<Float>.self)
    for _ in 0..<4 { y *= 1.5 - half * y * y }
    return x * y
  }

  /// For normal positive numbers.
  @inline(__always)
  static func naturalLogarithm(_ x: SIMD8<Float>) -> SIMD8<Float> {
    let bits = unsafeBitCast(x, to: SIMD8<Int32>.self)
    // x = mantissa * 2^exponent with the mantissa in sqrt(1/2) ..< sqrt(2).
    let shifted = bits &- 0x3F35_04F3
    let exponent = unsafeBitCast((shifted &>> 23) &+ 0x4B40_0000, to: SIMD8<Float>.self) - rounder
    let mantissa = unsafeBitCast((shifted & 0x007F_FFFF) &+ 0x3F35_04F3, to: SIMD8<Float>.self)
    let r = mantissa - 1
    var p = r * 7.037_683_629_2e-2 - 1.151_461_031_0e-1
    p = p * r + 1.167_699_874_0e-1
    p = p * r - 1.242_014_084_6e-1
    p = p * r + 1.424_932_278_7e-1
    p = p * r - 1.666_805_766_5e-1
    p = p * r + 2.000_071_476_5e-1
    p = p * r - 2.499_999_399_3e-1
    p = p * r + 3.333_333_117_4e-1
    let square = r * r
    let tail = p * r * square + exponent * -2.121_944_4e-4 - square * 0.5
    return r + tail + exponent * 0.693_359_375
  }

  /// Of an angle in turns, 0 ..< 1.
  @inline(__always)
  static func sineAndCosine(ofTurns turns: SIMD8<Float>) -> (SIMD8<Float>, SIMD8<Float>) {
    let rounded = turns * 4 + rounder
    let angle = (turns - (rounded - rounder) * 0.25) * 6.283_185_307
    let quadrant = unsafeBitCast(rounded, to: SIMD8<UInt32>.self) & 3
    let square = angle * angle
    var s = square * -1.951_529_589_1e-4 + 8.332_160_873_6e-3
    s = s * square - 1.666_665_461_1e-1
    let sine = s * square * angle + angle
    var c = square * 2.443_315_711_8e-5 - 1.388_731_625_5e-3
    c = c * square + 4.166_664_568_3e-2
    let cosine = c * square * square - square * 0.5 + 1
    // In odd quadrants sine and cosine change places; bit 1 of the quadrant (of the next one) is the sign. With bits,
    // because the standard library selects by masks lane by lane.
    let swap = 0 &- (quadrant & 1)
    let sineBits = unsafeBitCast(sine, to: SIMD8<UInt32>.self)
    let cosineBits = unsafeBitCast(cosine, to: SIMD8<UInt32>.self)
    let difference = (sineBits ^ cosineBits) & swap
    let resultSine = sineBits ^ difference ^ ((quadrant & 2) &<< 30)
    let resultCosine = cosineBits ^ difference ^ (((quadrant &+ 1) & 2) &<< 30)
    return (
      unsafeBitCast(resultSine, to: SIMD8<Float>.self), unsafeBitCast(resultCosine, to: SIMD8<Float>.self)
    )
  }
}
