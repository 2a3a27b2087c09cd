import Basics
import Collectives
import CVector

/// Sums one trainer's share of the gradients, one bucket after the other.
final class BucketExchange {
  let buckets: [Bucket]
  private let plan: MicroBatchPlan
  private let topology: Topology
  private let store: ParameterStore
  private let group: any ProcessGroup
  private let resultNodes: [[SummationTree.Node]]
  private let routes: [Route]
  private var wire: WireBuffer

  /// - Parameter bucketLength: elements of a bucket.
  init(
    plan: MicroBatchPlan, topology: Topology, store: ParameterStore, ownership: Ownership, group: any ProcessGroup,
    bucketLength: Int
  ) throws {
    self.plan = plan
    self.topology = topology
    self.store = store
    self.group = group
    let nodes = (0..<group.size).map { plan.accumulation(ofTrainer: $0).results }
    resultNodes = nodes
    buckets = Bucket.all(ownership, length: bucketLength)
    let rank = group.rank
    routes = buckets.map { Route($0, plan: plan, topology: topology, resultNodes: nodes, trainer: rank) }
    wire = try WireBuffer(byteCount: routes.map(\.bufferByteCount).max() ?? 0)
  }

  /// Exchanges a bucket with the other machines and adds up this trainer's part of it, into its first gradient buffer.
  /// All trainers of this machine must have completed the bucket.
  ///
  /// - Parameter isPatient: as in `ProcessGroup.exchange`.
  /// - Important: Collective over the trainers.
  func sum(_ index: Int, pool: WorkerPool, isPatient: Bool) throws {
    let own = buckets[index].pieces[group.rank]
    var sources = localSources(from: own.lowerBound)
    for (node, values) in try exchange(routes[index], pool: pool, isPatient: isPatient) { sources[node] = values }
    if own.isEmpty { return }
    GradientSum.evaluate(
      plan.tree.expression(of: plan.tree.root, from: Set(sources.keys)), sources: sources, count: own.count,
      into: store.gradientBuffers[topology.localIndex(of: group.rank)][0] + own.lowerBound, pool: pool)
  }

  /// The tree nodes held on this machine, from element `start` of the arena on.
  private func localSources(from start: Int) -> [SummationTree.Node: UnsafePointer<Float>] {
    var sources: [SummationTree.Node: UnsafePointer<Float>] = [:]
    for (local, trainer) in topology.neighbours(of: group.rank).enumerated() {
      for (buffer, node) in resultNodes[trainer].enumerated() {
        sources[node] = UnsafePointer(store.gradientBuffers[local][buffer] + start)
      }
    }
    return sources
  }

  private func exchange(
    _ route: Route, pool: WorkerPool, isPatient: Bool
  ) throws -> [(SummationTree.Node, UnsafePointer<Float>)] {
    if topology.machines.count == 1 { return [] }
    wire.clear()
    let places = route.incoming.map { wire.take(byteCount: $0.byteCount) }
    let receives = zip(route.incoming, places).map {
      IncomingMessage(from: $0.peer, UnsafeMutableRawBufferPointer(start: $1, count: $0.byteCount))
    }
    let sends = route.outgoing.map {
      OutgoingMessage(to: $0.peer, UnsafeRawBufferPointer(start: payload($0, pool: pool), count: $0.byteCount))
    }
    try group.exchange(sends: sends, receives: receives, isPatient: isPatient)
    return zip(route.incoming, places).map { message, place in
      guard message.isRounded else { return (message.node, UnsafePointer(place.assumingMemoryBound(to: Float.self))) }
      let values = wire.takeFloats(message.elements.count)
      cvector_from_bfloat16(place.assumingMemoryBound(to: UInt16.self), values, message.elements.count)
      return (message.node, UnsafePointer(values))
    }
  }

  /// The bytes of an outgoing message.
  private func payload(_ message: Route.Message, pool: WorkerPool) -> UnsafeRawPointer {
    let sources = localSources(from: message.elements.lowerBound)
    let count = message.elements.count
    var values = sources[message.node]
    if message.isComposed {
      let sum = wire.takeFloats(count)
      GradientSum.evaluate(
        plan.tree.expression(of: message.node, from: Set(sources.keys)), sources: sources, count: count, into: sum,
        pool: pool)
      values = UnsafePointer(sum)
    }
    guard let values else { preconditionFailure("no gradient for \(message.node)") }
    guard message.isRounded else { return UnsafeRawPointer(values) }
    let halves = wire.take(byteCount: message.byteCount)
    cvector_to_bfloat16(values, halves.assumingMemoryBound(to: UInt16.self), count)
    return UnsafeRawPointer(halves)
  }
}
