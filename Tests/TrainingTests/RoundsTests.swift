import Benchmarks
import Collectives
import Testing

@Suite struct RoundsTests {
  @Test func `the median of an even number lies between the middle two`() {
    #expect(Timings([4, 1, 3, 2]).median == 2.5)
    #expect(Timings([3, 1, 2]).median == 2)
    #expect(Timings([]).median.isNaN)
    #expect(Timings([3, 1, 2]).minimum == 1)
    #expect(Timings([3, 1, 2]).maximum == 3)
  }

  @Test func `rounds to warm up are run and not counted`() throws {
    var count = 0
    let measured = try Rounds(warmups: 2, repeats: 3).run(over: SoloProcessGroup()) { round in
      count += 1
      round.time("outer") { round.time("inner") {} }
    }
    #expect(count == 5)
    #expect(measured.names == ["outer", "inner"])
    #expect(measured["outer"].seconds.count == 3)
    #expect(measured["nothing"].seconds.isEmpty)
    // What lies within another takes no longer.
    #expect(zip(measured["inner"].seconds, measured["outer"].seconds).allSatisfy { $0 <= $1 })
  }

  @Test func `a round's time is that of the slowest rank`() throws {
    let seconds = try ThreadProcessGroup.run(ranks: 3) { group in
      try Rounds(warmups: 0, repeats: 2).run(over: group) { round -> Void in
        round.note("a", Double(group.rank))
        round.note("b", Double(2 - group.rank))
      }
    }
    for measured in seconds {
      #expect(measured["a"].seconds == [2, 2])
      #expect((measured["b"] * 3).seconds == [6, 6])
    }
  }
}
