import Basics

/// Chooses which anchors and regions of an image are trained on. Every candidate has a random number of its own, a
/// function of seed, visit, stage and its index; the smallest are taken. So the choice depends neither on ranks and
/// threads nor on how many candidates other images have. `AnchorSample` and `RegionSample` make the candidates.
package struct RegionSampler: Sendable {
  /// What is chosen. Raw values are part of the exactness promise: never reuse or renumber one.
  package enum Stage: UInt64, Sendable {
    case positiveAnchors = 0
    case negativeAnchors = 1
    case positiveRegions = 2
    case negativeRegions = 3
  }

  /// Indices of candidates, each list ascending.
  package struct Choice: Equatable, Sendable {
    package let positives: [Int]
    package let negatives: [Int]

    package init(positives: [Int], negatives: [Int]) {
      self.positives = positives
      self.negatives = negatives
    }
  }

  private let random: Philox

  /// - Parameter randomKey: of the sample's visit (`SampleRequest`), different for each sample and each epoch.
  package init(seed: UInt64, randomKey: UInt64) {
    random = Philox(seed: seed, purpose: .regionSampling, stream: randomKey)
  }

  /// - Parameters:
  ///   - matches: as `Matcher` gives them: an instance, -1 for background, -2 for what is left out.
  ///   - count: how many are wanted together.
  ///   - positiveFraction: upper bound on the fraction of positives; the number is rounded down.
  ///   - regions: whether these are regions and not anchors.
  package func choose(_ matches: [Int32], count: Int, positiveFraction: Double, regions: Bool) -> Choice {
    choose(matches, count: count, positiveLimit: Int(Double(count) * positiveFraction), regions: regions)
  }

  /// The same with a number instead of a part.
  package func choose(_ matches: [Int32], count: Int, positiveLimit: Int, regions: Bool) -> Choice {
    let positives = matches.indices.filter { matches[$0] >= 0 }
    let negatives = matches.indices.filter { matches[$0] == Matcher.background }
    let positiveCount = min(positives.count, positiveLimit)
    return Choice(
      positives: smallest(positiveCount, of: positives, regions ? .positiveRegions : .positiveAnchors),
      negatives: smallest(count - positiveCount, of: negatives, regions ? .negativeRegions : .negativeAnchors))
  }

  private func smallest(_ count: Int, of candidates: [Int], _ stage: Stage) -> [Int] {
    guard count < candidates.count else { return candidates }
    let keys = candidates.map { UInt64(word(stage, $0)) << 32 | UInt64($0) }
    return keys.sorted().prefix(count).map { Int($0 & 0xFFFF_FFFF) }.sorted()
  }

  private func word(_ stage: Stage, _ index: Int) -> UInt32 {
    random.block(at: stage.rawValue << 32 | UInt64(index >> 2))[index & 3]
  }
}
