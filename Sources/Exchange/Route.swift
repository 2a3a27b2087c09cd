/// What one trainer sends to and receives from the owners on other machines for one bucket: in every step the same, and
/// known in advance on both sides, so that no sizes are ever negotiated.
struct Route {
  struct Message {
    let peer: Int
    let node: SummationTree.Node
    /// Of the arena; never empty.
    let elements: Range<Int>
    /// Are the values bfloat16 numbers, which two bytes carry?
    let isRounded: Bool
    /// Has the sender to add up the values first?
    let isComposed: Bool

    var byteCount: Int { (isRounded ? 2 : 4) * elements.count }
  }

  let incoming: [Message]
  let outgoing: [Message]

  /// - Parameters:
  ///   - resultNodes: of every trainer.
  init(
    _ bucket: Bucket, plan: MicroBatchPlan, topology: Topology, resultNodes: [[SummationTree.Node]], trainer: Int
  ) {
    let own = topology.machineOfTrainer[trainer]
    let count = topology.trainerCount
    func messages(of machine: Int, to owner: Int, peer: Int) -> [Message] {
      let elements = bucket.pieces[owner]
      if elements.isEmpty { return [] }
      let held = Set(topology.machines[machine].flatMap { resultNodes[$0] })
      return plan.tree.combined(held).map {
        Message(
          peer: peer, node: $0, elements: elements, isRounded: plan.tree.isRounded($0), isComposed: !held.contains($0))
      }
    }
    incoming = topology.machines.indices.filter { $0 != own }.flatMap {
      messages(of: $0, to: trainer, peer: topology.sender(of: $0, towards: trainer))
    }
    let owners = (0..<count).filter {
      topology.machineOfTrainer[$0] != own && topology.sender(of: own, towards: $0) == trainer
    }
    outgoing = owners.flatMap { messages(of: own, to: $0, peer: $0) }
  }

  /// Bytes of buffers that the messages need, each on lines of the cache of its own.
  var bufferByteCount: Int {
    (incoming + outgoing).reduce(0) {
      $0 + WireBuffer.rounded(4 * $1.elements.count) + WireBuffer.rounded($1.byteCount)
    }
  }
}
