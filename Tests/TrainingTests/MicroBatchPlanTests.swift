import Exchange
import Testing

@Suite struct MicroBatchPlanTests {
  static let cases: [(batch: Int, micro: Int, trainers: Int)] = (1...13).flatMap { batch in
    [1, 2, 3].flatMap { micro in (1...9).map { (batch, micro, $0) } }
  }

  @Test(arguments: cases) func everyPositionBelongsToOneTrainer(batch: Int, micro: Int, trainers: Int) {
    let plan = MicroBatchPlan(globalBatch: batch, micro: micro, trainerCount: trainers)
    let positions = (0..<trainers).flatMap { Array(plan.positions(ofTrainer: $0)) }
    #expect(positions == Array(0..<batch))
  }

  @Test(arguments: cases) func accumulatedNodesCoverTheShareExactly(batch: Int, micro: Int, trainers: Int) {
    let plan = MicroBatchPlan(globalBatch: batch, micro: micro, trainerCount: trainers)
    for trainer in 0..<trainers {
      let accumulation = plan.accumulation(ofTrainer: trainer)
      #expect(accumulation.results == plan.tree.cover(of: plan.microBatches(ofTrainer: trainer)))
      #expect(accumulation.results.count <= max(1, accumulation.bufferCount))
    }
  }

  /// Writes the tree as text: equal text is an equal order of additions.
  func text(_ expression: SummationTree.Expression, _ value: (SummationTree.Node) -> String) -> String {
    switch expression {
    case .available(let node): return value(node)
    case .sum(let a, let b): return "(\(text(a, value))+\(text(b, value)))"
    case .rounded(let inner): return "round\(text(inner, value))"
    }
  }

  @Test(arguments: cases) func theOrderOfAdditionsDoesNotDependOnTheTrainers(batch: Int, micro: Int, trainers: Int) {
    let one = MicroBatchPlan(globalBatch: batch, micro: micro, trainerCount: 1)
    let leaves = Set((0..<one.microBatchCount).map { SummationTree.Node(level: 0, index: $0) })
    let expected = text(one.tree.expression(of: one.tree.root, from: leaves)) { "\($0.index)" }
    #expect(sum(MicroBatchPlan(globalBatch: batch, micro: micro, trainerCount: trainers)) == expected)
    for parts in [1, 2, 4, 16] {
      let one = MicroBatchPlan(globalBatch: batch, micro: micro, trainerCount: 1, roundedParts: parts)
      let plan = MicroBatchPlan(globalBatch: batch, micro: micro, trainerCount: trainers, roundedParts: parts)
      #expect(sum(plan) == sum(one))
    }
  }

  /// The whole sum of what the trainers of `plan` hold, as text.
  private func sum(_ plan: MicroBatchPlan) -> String {
    var held: [SummationTree.Node: String] = [:]
    for trainer in 0..<plan.trainerCount {
      let accumulation = plan.accumulation(ofTrainer: trainer)
      var buffers = [String](repeating: "", count: accumulation.bufferCount)
      for step in accumulation.steps {
        buffers[step.buffer] = "\(step.microBatch)"
        for operation in step.operations {
          switch operation {
          case .add(let b): buffers[b - 1] = "(\(buffers[b - 1])+\(buffers[b]))"
          case .round(let b): buffers[b] = "round\(buffers[b])"
          }
        }
      }
      for (i, node) in accumulation.results.enumerated() { held[node] = buffers[i] }
    }
    return text(plan.tree.expression(of: plan.tree.root, from: Set(held.keys))) { held[$0] ?? "?" }
  }

  @Test func partsOfTheBatchAreRoundedOnce() {
    let two = MicroBatchPlan(globalBatch: 6, micro: 1, trainerCount: 1, roundedParts: 2)
    #expect(sum(two) == "(round((0+1)+(2+3))+round(4+5))")
    let four = MicroBatchPlan(globalBatch: 5, micro: 1, trainerCount: 2, roundedParts: 4)
    #expect(sum(four) == "((round(0+1)+round(2+3))+round4)")
    let many = MicroBatchPlan(globalBatch: 3, micro: 1, trainerCount: 3, roundedParts: 16)
    #expect(sum(many) == "((round0+round1)+round2)")
  }

  @Test func eightMicroBatchesOnOneTrainerNeedFourBuffers() {
    #expect(MicroBatchPlan(globalBatch: 8, micro: 1, trainerCount: 1).accumulation(ofTrainer: 0).bufferCount == 4)
    #expect(MicroBatchPlan(globalBatch: 8, micro: 1, trainerCount: 8).accumulation(ofTrainer: 3).bufferCount == 1)
    #expect(MicroBatchPlan(globalBatch: 2, micro: 1, trainerCount: 3).accumulation(ofTrainer: 0).bufferCount == 0)
  }
}
