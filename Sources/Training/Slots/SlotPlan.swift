/// How a global batch is cut into slots of `micro` images, and the slots into the trainers' contiguous shares. The cut
/// into slots depends on the configuration alone; only who computes a slot depends on the number of trainers.
package struct SlotPlan: Equatable, Sendable {
  package let globalBatch: Int
  package let micro: Int
  package let trainerCount: Int
  package let tree: SummationTree

  package init(globalBatch: Int, micro: Int, trainerCount: Int) {
    precondition(globalBatch > 0 && micro > 0 && trainerCount > 0)
    self.globalBatch = globalBatch
    self.micro = min(micro, globalBatch)
    self.trainerCount = trainerCount
    tree = SummationTree(slotCount: (globalBatch + self.micro - 1) / self.micro)
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

  /// Which buffer each slot's gradient goes into, and the additions that follow it. Additions make one tree node out of
  /// two, so that few buffers are in use at a time.
  package func accumulation(ofTrainer trainer: Int) -> Accumulation {
    var stack: [SummationTree.Node] = []
    var steps: [Accumulation.Step] = []
    var bufferCount = 0
    func promoted(_ node: SummationTree.Node) -> SummationTree.Node {
      var node = node
      while node.level < tree.root.level, node.index % 2 == 0,
        tree.slots(under: SummationTree.Node(level: node.level, index: node.index + 1)).isEmpty
      {
        node = SummationTree.Node(level: node.level + 1, index: node.index / 2)
      }
      return node
    }
    for slot in slots(ofTrainer: trainer) {
      let buffer = stack.count
      bufferCount = max(bufferCount, buffer + 1)
      var additions: [Int] = []
      stack.append(promoted(SummationTree.Node(level: 0, index: slot)))
      while stack.count >= 2, let last = stack.last, last.index % 2 == 1,
        stack[stack.count - 2] == SummationTree.Node(level: last.level, index: last.index - 1)
      {
        stack.removeLast()
        additions.append(stack.count)
        stack[stack.count - 1] = promoted(SummationTree.Node(level: last.level + 1, index: last.index / 2))
      }
      steps.append(Accumulation.Step(slot: slot, buffer: buffer, additions: additions))
    }
    return Accumulation(steps: steps, bufferCount: bufferCount, results: stack)
  }

  package struct Accumulation: Equatable, Sendable {
    package struct Step: Equatable, Sendable {
      package let slot: Int
      /// Where the slot's gradient is written.
      package let buffer: Int
      /// For each b in turn: buffer[b - 1] += buffer[b].
      package let additions: [Int]
    }

    package let steps: [Step]
    package let bufferCount: Int
    /// The tree nodes left at the end; node i is in buffer i.
    package let results: [SummationTree.Node]
  }
}
