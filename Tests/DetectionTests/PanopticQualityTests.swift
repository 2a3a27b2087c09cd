import Basics
import Detection
import Testing

@Suite struct PanopticQualityTests {
  private typealias Thing = PanopticQuality.Thing

  /// Rows `rows` of a mask of ten rows and ten columns.
  private func thing(_ rows: Range<Int>, category: Int = 1, isCrowd: Bool = false) -> Thing {
    let mask = RunLengths(height: 10, width: 10) { row, _ in rows.contains(row) }
    return Thing(category: category, mask: mask, isCrowd: isCrowd)
  }

  private func quality(_ found: [Thing], _ truths: [Thing]) throws -> Double {
    try PanopticQuality.value(found: found, truths: truths)
  }

  @Test func nothingMoreThanWhatIsThere() throws {
    #expect(try quality([], []) == 1)
    #expect(try quality([thing(0..<4)], [thing(0..<4)]) == 1)
    #expect(try quality([], [thing(0..<4)]) == 0)
    #expect(try quality([thing(0..<4)], []) == 0)
  }

  /// 0.75 and 1 are found, one is missed, one of another class and one twice are invented: 1.75 / (2 + 0.5 + 1).
  @Test func missedAndInventedThingsCountHalf() throws {
    let truths = [thing(0..<4), thing(4..<6), thing(6..<10)]
    let found = [thing(0..<3), thing(6..<10), thing(4..<6, category: 2), thing(0..<4)]
    #expect(abs(try quality(found, truths) - 1.75 / 3.5) < 1e-12)
  }

  /// Half an overlap is no match; the likelier of two takes the better truth.
  @Test func overlapsOfHalfAreNoMatch() throws {
    #expect(try quality([thing(0..<5)], [thing(0..<10)]) == 0)
    let overlapping = [thing(0..<5), thing(0..<6)]
    #expect(abs(try quality([thing(0..<6), thing(0..<5)], overlapping) - 1) < 1e-12)
  }

  @Test func whatLiesInACrowdIsNotInvented() throws {
    let truths = [thing(0..<4), thing(4..<10, isCrowd: true)]
    #expect(try quality([thing(0..<4), thing(5..<8), thing(8..<10)], truths) == 1)
    #expect(try quality([thing(0..<4), thing(5..<8, category: 2)], truths) == 1 / 1.5)
    #expect(try quality([], [thing(4..<10, isCrowd: true)]) == 1)
  }

  @Test func masksOfOtherSizesAreRefused() throws {
    let other = Thing(category: 1, mask: RunLengths(height: 9, width: 10) { _, _ in true })
    #expect(throws: Failure.self) { try quality([other], [thing(0..<4)]) }
  }
}
