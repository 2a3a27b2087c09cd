import Basics
import Collectives
import Testing

@Suite struct AffinityTests {
  @Test func listsAreRead() {
    #expect(Affinity.processorList("0-3,8,10-11\n") == [0, 1, 2, 3, 8, 10, 11])
    #expect(Affinity.processorList("\t5") == [5])
    for bad in ["", "a", "3-1", "1-2-3", "-1", "0-99999999", "1,,2"] { #expect(Affinity.processorList(bad) == nil) }
    #expect(Affinity.listText([0, 1, 2, 3, 8, 10, 11]) == "0-3,8,10-11")
  }

  @Test func quotasAreRead() {
    #expect(Affinity.quotaProcessors("max 100000\n") == nil)
    #expect(Affinity.quotaProcessors("250000 100000") == 2)
    #expect(Affinity.quotaProcessors("50000 100000") == 1)
    #expect(Affinity.quotaProcessors("nonsense") == nil)
  }

  @Test func currentIsNotEmpty() {
    #expect(!Affinity.current().processors.isEmpty && Affinity.current().threadCount >= 1)
  }

  /// Ranks use what they are bound to; ranks that may go anywhere share.
  @Test func threadsAreShared() {
    func affinity(_ list: ClosedRange<Int>, quota: Int? = nil) -> Affinity {
      Affinity(processors: Array(list), quota: quota)
    }
    let unbound = affinity(0...7)
    #expect(unbound.threadCount(sharing: [unbound]) == 8)
    #expect(unbound.threadCount(sharing: [unbound, unbound]) == 4)
    #expect(unbound.threadCount(sharing: Array(repeating: unbound, count: 3)) == 2)
    #expect(unbound.threadCount(sharing: Array(repeating: unbound, count: 20)) == 1)
    let halves = [affinity(0...3), affinity(4...7)]
    #expect(halves[1].threadCount(sharing: halves) == 4)
    // mpirun's own binding of two ranks: one processor each.
    let bound = [affinity(0...0), affinity(1...1)]
    #expect(bound[0].threadCount(sharing: bound) == 1)
    // All bound to one and the same.
    #expect(bound[0].threadCount(sharing: Array(repeating: bound[0], count: 4)) == 1)
    let quota = affinity(0...63, quota: 4)
    #expect(quota.threadCount == 4 && quota.threadCount(sharing: [quota, quota]) == 2)
    let six = affinity(0...5)
    #expect(six.threadCount(sharing: Array(repeating: six, count: 3)) == 2)
  }

  @Test func planIsCommon() throws {
    let plans = try ThreadProcessGroup.run(ranks: 3) { group in
      let list = group.rank == 0 ? 0...3 : 4...5
      let plan = try ThreadPlan(group, affinity: Affinity(processors: Array(list), quota: nil), requested: nil)
      return [plan.threadCount, plan.commonThreadCount, plan.ranksOnMachine]
    }
    #expect(plans == [[4, 1, 3], [1, 1, 3], [1, 1, 3]])
    #expect(try ThreadPlan(SoloProcessGroup(), requested: 5).threadCount == 5)
  }
}
