/// How a global batch is cut into micro-batches of `micro` images, and the micro-batches into the trainers' contiguous
/// shares. The cut into micro-batches depends on the configuration alone; only who computes a micro-batch depends on
/// the number of trainers.
package struct MicroBatchPlan: Equatable, Sendable {
  package let globalBatch: Int
  package let micro: Int
  package let trainerCount: Int
  package let tree: SummationTree

  /// - Parameter roundedParts: as in `SummationTree`.
  package init(globalBatch: Int, micro: Int, trainerCount: Int, roundedParts: Int? = nil) {
    precondition(globalBatch > 0 && micro > 0 && trainerCount > 0)
    self.globalBatch = globalBatch
    self.micro = min(micro, globalBatch)
    self.trainerCount = trainerCount
    tree = SummationTree(microBatchCount: (globalBatch + self.micro - 1) / self.micro, roundedParts: roundedParts)
  }

  package var microBatchCount: Int { tree.microBatchCount }

  /// Positions in the batch.
  package func positions(ofMicroBatch microBatch: Int) -> Range<Int> {
    (microBatch * micro)..<min(globalBatch, (microBatch + 1) * micro)
  }

  /// The micro-batches that a trainer computes; empty when there are fewer micro-batches than trainers.
  ///
  /// Shares are as even as they can be, and on powers of two they are whole subtrees.
  package func microBatches(ofTrainer trainer: Int) -> Range<Int> {
    (microBatchCount * trainer / trainerCount)..<(microBatchCount * (trainer + 1) / trainerCount)
  }

  /// Trainers for which there is no micro-batch.
  package var idleTrainers: [Int] { (0..<trainerCount).filter { microBatches(ofTrainer: $0).isEmpty } }

  /// Positions in the batch that a trainer computes.
  package func positions(ofTrainer trainer: Int) -> Range<Int> {
    let microBatches = microBatches(ofTrainer: trainer)
    if microBatches.isEmpty { return 0..<0 }
    return positions(ofMicroBatch: microBatches.lowerBound)
      .lowerBound..<positions(ofMicroBatch: microBatches.upperBound - 1).upperBound
  }

  /// Gradient buffers of each of `trainers`; at least one, for the sum of its slice.
  package func bufferCounts(ofTrainers trainers: [Int]) -> [Int] {
    trainers.map { max(1, accumulation(ofTrainer: $0).bufferCount) }
  }

  /// Which buffer each micro-batch's gradient goes into, and the operations that follow it. They make one tree node out
  /// of two, so that few buffers are in use at a time.
  package func accumulation(ofTrainer trainer: Int) -> Accumulation {
    var stack: [SummationTree.Node] = []
    var steps: [Accumulation.Step] = []
    var bufferCount = 0
    var operations: [Accumulation.Operation] = []
    /// Puts `node` on the stack as the highest node that has its value.
    func push(_ node: SummationTree.Node) {
      var highest = node
      while highest.level < tree.root.level, highest.index % 2 == 0,
        tree.leaves(under: SummationTree.Node(level: highest.level, index: highest.index + 1)).isEmpty
      {
        highest = SummationTree.Node(level: highest.level + 1, index: highest.index / 2)
      }
      stack.append(highest)
      if let level = tree.roundedLevel, (node.level...highest.level).contains(level) {
        operations.append(.round(stack.count - 1))
      }
    }
    for microBatch in microBatches(ofTrainer: trainer) {
      let buffer = stack.count
      bufferCount = max(bufferCount, buffer + 1)
      push(SummationTree.Node(level: 0, index: microBatch))
      while stack.count >= 2, let last = stack.last, last.index % 2 == 1,
        stack[stack.count - 2] == SummationTree.Node(level: last.level, index: last.index - 1)
      {
        stack.removeLast(2)
        operations.append(.add(stack.count + 1))
        push(SummationTree.Node(level: last.level + 1, index: last.index / 2))
      }
      steps.append(Accumulation.Step(microBatch: microBatch, buffer: buffer, operations: operations))
      operations.removeAll()
    }
    return Accumulation(steps: steps, bufferCount: bufferCount, results: stack)
  }
}
