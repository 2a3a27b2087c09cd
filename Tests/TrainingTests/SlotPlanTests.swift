import Testing
import Training

@Suite struct SlotPlanTests {
  static let cases: [(batch: Int, micro: Int, trainers: Int)] = (1...13).flatMap { batch in
    [1, 2, 3].flatMap { micro in (1...9).map { (batch, micro, $0) } }
  }

  @Test(arguments: cases) func everyPositionBelongsToOneTrainer(batch: Int, micro: Int, trainers: Int) {
    let plan = SlotPlan(globalBatch: batch, micro: micro, trainerCount: trainers)
    let positions = (0..<trainers).flatMap { Array(plan.positions(ofTrainer: $0)) }
    #expect(positions == Array(0..<batch))
  }

  @Test(arguments: cases) func accumulatedNodesCoverTheShareExactly(batch: Int, micro: Int, trainers: Int) {
    let plan = SlotPlan(globalBatch: batch, micro: micro, trainerCount: trainers)
    for trainer in 0..<trainers {
      let accumulation = plan.accumulation(ofTrainer: trainer)
      #expect(accumulation.results == plan.tree.cover(of: plan.slots(ofTrainer: trainer)))
      #expect(accumulation.results.count <= max(1, accumulation.bufferCount))
    }
  }

  /// Writes the tree as text: equal text is an equal order of additions.
  func text(_ expression: SummationTree.Expression, _ value: (SummationTree.Node) -> String) -> String {
    switch expression {
    case .available(let node): return value(node)
    case .sum(let a, let b): return "(\(text(a, value))+\(text(b, value)))"
    }
  }

  @Test(arguments: cases) func theOrderOfAdditionsDoesNotDependOnTheTrainers(batch: Int, micro: Int, trainers: Int) {
    let one = SlotPlan(globalBatch: batch, micro: micro, trainerCount: 1)
    let leaves = Set((0..<one.slotCount).map { SummationTree.Node(level: 0, index: $0) })
    let expected = text(one.tree.expression(of: one.tree.root, from: leaves)) { "\($0.index)" }

    let plan = SlotPlan(globalBatch: batch, micro: micro, trainerCount: trainers)
    var held: [SummationTree.Node: String] = [:]
    for trainer in 0..<trainers {
      let accumulation = plan.accumulation(ofTrainer: trainer)
      var buffers = [String](repeating: "", count: accumulation.bufferCount)
      for step in accumulation.steps {
        buffers[step.buffer] = "\(step.slot)"
        for b in step.additions { buffers[b - 1] = "(\(buffers[b - 1])+\(buffers[b]))" }
      }
      for (i, node) in accumulation.results.enumerated() { held[node] = buffers[i] }
    }
    let sum = plan.tree.expression(of: plan.tree.root, from: Set(held.keys))
    #expect(text(sum) { held[$0] ?? "?" } == expected)
  }

  @Test func eightSlotsOnOneTrainerNeedFourBuffers() {
    #expect(SlotPlan(globalBatch: 8, micro: 1, trainerCount: 1).accumulation(ofTrainer: 0).bufferCount == 4)
    #expect(SlotPlan(globalBatch: 8, micro: 1, trainerCount: 8).accumulation(ofTrainer: 3).bufferCount == 1)
    #expect(SlotPlan(globalBatch: 2, micro: 1, trainerCount: 3).accumulation(ofTrainer: 0).bufferCount == 0)
  }
}
