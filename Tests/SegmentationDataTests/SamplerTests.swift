import Basics
import SegmentationData
import Testing

@Suite struct SamplerTests {
  @Test(arguments: [1, 2, 3, 4, 5, 7, 16, 17, 100, 367, 4097])
  func everyEpochVisitsEverySampleOnce(count: Int) {
    let sampler = Sampler(sampleCount: count, seed: 7)
    for epoch in 0..<3 {
      let visits = (0..<count).map { sampler.sample(atPosition: epoch * count + $0) }
      #expect(visits.allSatisfy { $0.epoch == epoch })
      #expect(Set(visits.map(\.sample)) == Set(0..<count))
    }
  }

  @Test(arguments: [1, 2, 3, 4, 7, 8]) func ranksThatTakeTurnsSeeWhatOneRankSees(ranks: Int) {
    // 10 samples, batches of 8: epochs end within batches.
    let alone = Sampler(sampleCount: 10, seed: 3)
    let batch = 8
    let whole = (0..<5 * batch).map { alone.sample(atPosition: $0) }
    var parts: [(epoch: Int, sample: Int, randomKey: UInt64)] = []
    for step in 0..<5 {
      for rank in 0..<ranks {
        let sampler = Sampler(sampleCount: 10, seed: 3)
        for slot in rank * batch / ranks..<(rank + 1) * batch / ranks {
          parts.append(sampler.sample(atPosition: step * batch + slot))
        }
      }
    }
    #expect(parts.map(\.sample) == whole.map(\.sample))
    #expect(parts.map(\.randomKey) == whole.map(\.randomKey))
  }

  @Test func seedsAndEpochsDiffer() {
    func order(_ seed: UInt64, _ epoch: Int) -> [Int] {
      let sampler = Sampler(sampleCount: 64, seed: seed)
      return (0..<64).map { sampler.sample(atPosition: epoch * 64 + $0).sample }
    }
    #expect(order(1, 0) != order(2, 0))
    #expect(order(1, 0) != order(1, 1))
    #expect(order(1, 5) == order(1, 5))
  }

  @Test func everyVisitHasARandomKeyOfItsOwn() {
    let sampler = Sampler(sampleCount: 50, seed: 9)
    let keys = (0..<5000).map { sampler.request(atPosition: $0).randomKey }
    #expect(Set(keys).count == keys.count)
    let other = Sampler(sampleCount: 50, seed: 10)
    #expect(Set(keys).isDisjoint(with: (0..<5000).map { other.request(atPosition: $0).randomKey }))
  }

  /// Chi-squared of (sample at first position, sample at second position) over many epochs.
  @Test(arguments: [3, 6, 11]) func ordersAreSpreadEvenly(count: Int) {
    let sampler = Sampler(sampleCount: count, seed: 21)
    let epochs = 20_000
    var pairs = [Int](repeating: 0, count: count * count)
    for epoch in 0..<epochs {
      let first = sampler.sample(atPosition: epoch * count).sample
      let second = sampler.sample(atPosition: epoch * count + 1).sample
      pairs[first * count + second] += 1
    }
    let cells = count * (count - 1)
    let expected = Double(epochs) / Double(cells)
    var statistic = 0.0
    for first in 0..<count {
      for second in 0..<count where second != first {
        let difference = Double(pairs[first * count + second]) - expected
        statistic += difference * difference / expected
      }
    }
    // Mean cells - 1, variance 2 (cells - 1): five standard deviations.
    let freedom = Double(cells - 1)
    #expect(statistic < freedom + 5 * (2 * freedom).squareRoot(), "\(statistic) of \(freedom)")
  }
}
