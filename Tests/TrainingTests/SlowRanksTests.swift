import Testing
import Training

@Suite struct SlowRanksTests {
  private func named(_ seconds: [[Double]]) -> [String] {
    var ranks = SlowRanks(names: seconds[0].indices.map { "rank \($0) on a" })
    return seconds.enumerated().flatMap { ranks.warnings(after: $0.element, step: $0.offset + 1) }
  }

  @Test func aSlowRankIsNamedOnce() {
    let found = named([[Double]](repeating: [1, 1.1, 2, 1, 0], count: 3 * SlowRanks.stepCount))
    #expect(found.count == 1)
    #expect(found.first?.hasPrefix("step 50: rank 2 on a has computed 2.0 times as long") == true, "\(found)")
  }

  @Test func aShortDelayIsNotSlow() {
    let delay = [[Double]](repeating: [1, 2, 1], count: SlowRanks.stepCount - 1)
    #expect(named(delay + [[Double]](repeating: [1, 1, 1], count: SlowRanks.stepCount) + delay).isEmpty)
    #expect(named((0..<400).map { [1, $0 % 2 == 0 ? 3 : 1, 1] }).isEmpty)
    #expect(named([[Double]](repeating: [1, 1.29, 1], count: 200)).isEmpty)
  }

  /// An instant in which another rank is held up too hides nothing.
  @Test func aSlowRankWithGoodStepsIsNamed() {
    let found = named((1...100).map { $0 % 10 == 0 ? [2, 2, 2] : [1, 2, 1] })
    #expect(found.count == 1)
    #expect(found.first?.contains("2.0 times as long as the median rank in 62 steps") == true, "\(found)")
  }

  /// The faster of two is what the slower one is measured by, and a rank without work is neither.
  @Test func oneOfTwoCanBeSlow() {
    #expect(named([[Double]](repeating: [3, 1], count: 60)).first?.contains("rank 0 on a") == true)
    #expect(named([[Double]](repeating: [0, 1, 1.1], count: 60)).isEmpty)
    #expect(named([[Double]](repeating: [5], count: 60)).isEmpty)
  }
}
