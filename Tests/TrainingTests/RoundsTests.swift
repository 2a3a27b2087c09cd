import Collectives
import Testing
import Training

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

  @Test func `sums are taken round by round`() throws {
    let sums = Measurements(names: ["a", "b"], timings: [Timings([1, 2]), Timings([10, 30])])
    #expect(sums.sum(of: ["a", "b"]).seconds == [11, 32])
    #expect((sums["a"] * 3).seconds == [3, 6])
  }
}
