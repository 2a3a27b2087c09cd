/// What one trainer sends to and receives from the owners on other machines in every step. Known in advance on both
/// sides, so that no sizes are ever negotiated.
struct Route {
  struct Message {
    let peer: Int
    let node: SummationTree.Node
    let elements: Range<Int>
  }

  let incoming: [Message]
  let outgoing: [Message]
  let receivedCount: Int
  /// Elements of the outgoing messages that have to be added up before they can be sent.
  let composedCount: Int

  init(
    plan: SlotPlan, topology: Topology, layout: ChunkedRange, resultNodes: [[SummationTree.Node]], trainer: Int
  ) {
    let own = topology.machineOfTrainer[trainer]
    let held = topology.machines.map { Set($0.flatMap { resultNodes[$0] }) }
    let offered = held.map { plan.tree.combined($0) }
    let count = topology.trainerCount
    var incoming: [Message] = []
    let slice = layout.slice(ofOwner: trainer, of: count)
    for machine in topology.machines.indices where machine != own {
      for node in offered[machine] {
        incoming.append(
          Message(peer: topology.speaker(of: machine, towards: trainer), node: node, elements: slice))
      }
    }
    var outgoing: [Message] = []
    for owner in 0..<count
    where topology.machineOfTrainer[owner] != own && topology.speaker(of: own, towards: owner) == trainer {
      for node in offered[own] {
        outgoing.append(Message(peer: owner, node: node, elements: layout.slice(ofOwner: owner, of: count)))
      }
    }
    self.incoming = incoming
    self.outgoing = outgoing
    receivedCount = incoming.reduce(0) { $0 + $1.elements.count }
    composedCount = outgoing.reduce(0) { $0 + (held[own].contains($1.node) ? 0 : $1.elements.count) }
  }
}
