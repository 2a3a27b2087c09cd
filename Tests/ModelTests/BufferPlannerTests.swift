import Basics
import Model
import Testing

@Suite struct BufferPlannerTests {
  @Test func buffersThatLiveAtTheSameTimeLieApart() {
    var generator = Philox(seed: 3, purpose: .test, stream: 1)
    for _ in 0..<50 {
      var planner = BufferPlanner()
      var buffers: [(buffer: BufferPlanner.Buffer, size: Int, first: Int, last: Int)] = []
      for _ in 0..<30 {
        let size = Int(generator.next(below: 5000))
        let buffer = planner.makeBuffer(byteCount: size)
        let a = Int(generator.next(below: 40))
        let b = Int(generator.next(below: 40))
        planner.touch(buffer, at: a)
        planner.touch(buffer, at: b)
        buffers.append((buffer, size, min(a, b), max(a, b)))
      }
      let placement = planner.place()
      for (i, one) in buffers.enumerated() {
        let start = placement.offset(of: one.buffer)
        #expect(start % 64 == 0)
        #expect(start + one.size <= placement.byteCount)
        for other in buffers[(i + 1)...] where one.first <= other.last && other.first <= one.last {
          let otherStart = placement.offset(of: other.buffer)
          #expect(start + one.size <= otherStart || otherStart + other.size <= start)
        }
      }
    }
  }

  @Test func deadBuffersAreUsedAgain() {
    var planner = BufferPlanner()
    // A chain: at each step one buffer is read and the next written.
    let buffers = (0..<10).map { _ in planner.makeBuffer(byteCount: 6400) }
    for step in 0..<9 {
      planner.touch(buffers[step], at: step)
      planner.touch(buffers[step + 1], at: step)
    }
    #expect(planner.place().byteCount == 2 * 6400)
  }
}
