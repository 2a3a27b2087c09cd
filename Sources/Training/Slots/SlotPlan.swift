/// How a global batch is cut into slots of `micro` images, and the slots into the trainers' contiguous shares. The cut
/// into slots depends on the configuration alone; only who computes a slot depends on the number of trainers.
package struct SlotPlan: Equatable, Sendable {
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
    tree = SummationTree(slotCount: (globalBatch + self.micro - 1) / self.micro, roundedParts: roundedParts)
  }

  /// The plan of a configuration.
  package init(_ configuration: Configuration, trainerCount: Int) {
    self.init(
      globalBatch: configuration.batch.global, micro: configuration.batch.micro, trainerCount: trainerCount,
      roundedParts: configuration.distributed.roundedParts)
  }

  package var slotCount: Int { tree.slotCount }

  /// Positions in the batch.
  package func positions(ofSlot slot: Int) -> Range<Int> {
    (slot * micro)..<min(globalBatch, (slot + 1) * micro)
  }

  /// The slots that a trainer computes; empty when there are fewer slots than trainers.
  ///
  /// Shares are as even as they can be, and on powers of two they are whole subtrees.
  package func slots(ofTrainer trainer: Int) -> Range<Int> {
    (slotCount * trainer / trainerCount)..<(slotCount * (trainer + 1) / trainerCount)
  }

  package func positions(ofTrainer trainer: Int) -> Range<Int> {
    let slots = slots(ofTrainer: trainer)
    if slots.isEmpty { return 0..<0 }
    return positions(ofSlot: slots.lowerBound).lowerBound..<positions(ofSlot: slots.upperBound - 1).upperBound
  }

  /// Gradient buffers of each of `trainers`; at least one, for the sum of its slice.
  package func bufferCounts(ofTrainers trainers: [Int]) -> [Int] {
    trainers.map { max(1, accumulation(ofTrainer: $0).bufferCount) }
  }

  /// Which buffer each slot's gradient goes into, and the operations that follow it. They make one tree node out of
  /// two, so that few buffers are in use at a time.
  package func accumulation(ofTrainer trainer: Int) -> Accumulation {
    var stack: [SummationTree.Node] = []
    var steps: [Accumulation.Step] = []
    var bufferCount = 0
    var operations: [Accumulation.Operation] = []
    /// Puts `node` on the stack as the highest node that has its value.
    func push(_ node: SummationTree.Node) {
      var highest = node
      while highest.level < tree.root.level, highest.index % 2 == 0,
        tree.slots(under: SummationTree.Node(level: highest.level, index: highest.index + 1)).isEmpty
      {
        highest = SummationTree.Node(level: highest.level + 1, index: highest.index / 2)
      }
      stack.append(highest)
      if let level = tree.roundedLevel, (node.level...highest.level).contains(level) {
        operations.append(.round(stack.count - 1))
      }
    }
    for slot in slots(ofTrainer: trainer) {
      let buffer = stack.count
      bufferCount = max(bufferCount, buffer + 1)
      push(SummationTree.Node(level: 0, index: slot))
      while stack.count >= 2, let last = stack.last, last.index % 2 == 1,
        stack[stack.count - 2] == SummationTree.Node(level: last.level, index: last.index - 1)
      {
        stack.removeLast(2)
        operations.append(.add(stack.count + 1))
        push(SummationTree.Node(level: last.level + 1, index: last.index / 2))
      }
      steps.append(Accumulation.Step(slot: slot, buffer: buffer, operations: operations))
      operations.removeAll()
    }
    return Accumulation(steps: steps, bufferCount: bufferCount, results: stack)
  }
}
