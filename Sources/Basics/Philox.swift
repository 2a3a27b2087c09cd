/// Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC11): random numbers as
/// a function of a key and a counter, so that no generator state exists to be lost or to depend on ranks and threads.
package struct Philox: Sendable {
  /// What the numbers are for. Different purposes never share a sequence. Raw values are part of the exactness
  /// promise: never reuse or renumber one.
  package enum Purpose: UInt32, Sendable {
    case permutation = 1
    case augmentation = 2
    case dropout = 3
    case initialisation = 4
    case synthesis = 5
    case test = 6
    case regionSampling = 7
  }

  package let key: SIMD2<UInt32>
  package let high: SIMD2<UInt32>
  private var counter: UInt64 = 0
  private var pending = SIMD4<UInt32>()
  private var pendingCount = 0

  /// - Parameters:
  ///   - seed: the run's seed.
  ///   - purpose: what the numbers are for.
  ///   - stream: which sequence of that purpose, for example a hash of epoch and sample.
  package init(seed: UInt64, purpose: Purpose, stream: UInt64) {
    let mixedSeed = Self.mixed(seed &+ UInt64(purpose.rawValue) &* 0x9E37_79B9_7F4A_7C15)
    key = SIMD2(UInt32(truncatingIfNeeded: mixedSeed), UInt32(truncatingIfNeeded: mixedSeed >> 32))
    high = SIMD2(UInt32(truncatingIfNeeded: stream), UInt32(truncatingIfNeeded: stream >> 32))
  }

  /// SplitMix64's finaliser: spreads every input bit over the result.
  package static func mixed(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// The four numbers at `counter`, whatever was drawn before.
  @inline(__always)
  package func block(at counter: UInt64) -> SIMD4<UInt32> {
    Self.rounds(
      SIMD4(UInt32(truncatingIfNeeded: counter), UInt32(truncatingIfNeeded: counter >> 32), high.x, high.y), key: key)
  }

  /// The ten rounds of the paper's Philox4x32-10.
  @inline(__always)
  package static func rounds(_ counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
    // In scalars: taking vectors apart in every round would take twice as long.
    var (c0, c1, c2, c3) = (counter.x, counter.y, counter.z, counter.w)
    var (k0, k1) = (key.x, key.y)
    for _ in 0..<10 {
      let a = UInt64(c0) &* 0xD251_1F53
      let b = UInt64(c2) &* 0xCD9E_8D57
      c0 = UInt32(truncatingIfNeeded: b >> 32) ^ c1 ^ k0
      c1 = UInt32(truncatingIfNeeded: b)
      c2 = UInt32(truncatingIfNeeded: a >> 32) ^ c3 ^ k1
      c3 = UInt32(truncatingIfNeeded: a)
      k0 &+= 0x9E37_79B9
      k1 &+= 0xBB67_AE85
    }
    return SIMD4(c0, c1, c2, c3)
  }

  /// The next 32 bits of the stream.
  package mutating func nextUInt32() -> UInt32 {
    if pendingCount == 0 {
      pending = block(at: counter)
      counter += 1
      pendingCount = 4
    }
    pendingCount -= 1
    return pending[3 - pendingCount]
  }

  /// The next 64 bits of the stream: two of 32, the lower half first.
  package mutating func nextUInt64() -> UInt64 {
    let low = UInt64(nextUInt32())
    return low | UInt64(nextUInt32()) << 32
  }

  /// Uniform in 0 ..< 1, with 24 random bits.
  package mutating func nextUniform() -> Float { Float(nextUInt32() >> 8) * 0x1p-24 }

  /// Uniform in the closed range, up to rounding.
  package mutating func next(in range: ClosedRange<Float>) -> Float {
    range.lowerBound + (range.upperBound - range.lowerBound) * nextUniform()
  }

  /// Uniform in 0 ..< bound without bias (Lemire's multiplication, rejecting the short remainder).
  package mutating func next(below bound: UInt32) -> UInt32 {
    precondition(bound > 0)
    let threshold = (0 &- bound) % bound
    while true {
      let product = UInt64(nextUInt32()) &* UInt64(bound)
      if UInt32(truncatingIfNeeded: product) >= threshold { return UInt32(product >> 32) }
    }
  }

  /// Two independent standard normal numbers (Box-Muller).
  package mutating func nextNormals() -> (Float, Float) {
    let u = (Double(nextUInt32()) + 0.5) * 0x1p-32
    let v = Double(nextUInt32()) * 0x1p-32
    let radius = (-2 * logarithm(u)).squareRoot()
    let angle = 2 * Double.pi * v
    return (Float(radius * cosine(angle)), Float(radius * sine(angle)))
  }
}
