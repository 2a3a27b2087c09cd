import Basics

/// One sample of a step and where its random numbers come from.
package struct SampleRequest: Equatable, Sendable {
  package var sample: Int
  /// Different for each visit of a sample; decides its augmentation and its dropout.
  package var randomKey: UInt64

  package init(sample: Int, randomKey: UInt64) {
    self.sample = sample
    self.randomKey = randomKey
  }
}

/// The order in which training visits the samples: every sample once in each epoch, in an order of that epoch's own.
///
/// The order is computed, not stored: a Feistel network keyed by (seed, epoch) permutes 0 ..< 4^k, the smallest such
/// range that holds all samples, and is applied again to results outside 0 ..< sampleCount (cycle walking, Black &
/// Rogaway: "Ciphers with arbitrary finite domains", CT-RSA 2002). Any rank computes any position without the others.
package struct Sampler: Sendable {
  package let sampleCount: Int
  package let seed: UInt64
  private let halfBits: UInt64
  private static let roundCount: UInt64 = 8

  /// - Precondition: there is at least one sample and fewer than 2^32.
  package init(sampleCount: Int, seed: UInt64) {
    precondition(sampleCount > 0 && sampleCount <= Int(UInt32.max))
    self.sampleCount = sampleCount
    self.seed = seed
    let bits = Int.bitWidth - (sampleCount - 1).leadingZeroBitCount
    halfBits = UInt64(max(1, (bits + 1) / 2))
  }

  /// The sample at a position counted from the start of training (all epochs), 0 ... .
  ///
  /// The random key is a function of seed, epoch and sample.
  package func sample(atPosition position: Int) -> (epoch: Int, sample: Int, randomKey: UInt64) {
    let epoch = position / sampleCount
    let sample = self.sample(inEpoch: epoch, at: position % sampleCount)
    let visit = UInt64(truncatingIfNeeded: epoch) << 32 | UInt64(sample)
    return (epoch, sample, Philox.mixed(Philox.mixed(seed) ^ visit))
  }

  /// What a step asks for at a position.
  package func request(atPosition position: Int) -> SampleRequest {
    let visit = sample(atPosition: position)
    return SampleRequest(sample: visit.sample, randomKey: visit.randomKey)
  }

  private func sample(inEpoch epoch: Int, at index: Int) -> Int {
    let philox = Philox(seed: seed, purpose: .permutation, stream: UInt64(truncatingIfNeeded: epoch))
    var value = UInt64(index)
    repeat { value = permuted(value, philox) } while value >= UInt64(sampleCount)
    return Int(value)
  }

  private func permuted(_ value: UInt64, _ philox: Philox) -> UInt64 {
    let mask = (1 << halfBits) &- 1 as UInt64
    var left = value >> halfBits
    var right = value & mask
    for round in 0..<Self.roundCount {
      let scrambled = UInt64(philox.block(at: round << 32 | right).x) & mask
      (left, right) = (right, left ^ scrambled)
    }
    return left << halfBits | right
  }
}
