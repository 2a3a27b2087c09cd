import Basics
import CVector
import Collectives
import Model

/// Sums the trainers' gradients and spreads the updated parameters.
///
/// Every trainer owns slices of the arena, one of each stripe (`Ownership`). It adds up these slices of all gradients in
/// the order of the summation tree (`SummationTree` has the order, `BucketExchange` adds): those of its own machine straight from their buffers in shared memory, those of other
/// machines as messages from one sender each. It updates its slices of the master, and sends them to the machines that do
/// not share its memory. With one trainer a machine this is a reduce-scatter and an all-gather by direct exchange; on one machine
/// nothing is sent at all. Where it overlaps, a thread sends and adds what is complete while the backward pass goes on:
/// the same sums in the same order.
///
/// - Important: `sum`, or `beginStep` and `finish`, and `publish`, `prepare`, `prepareEvaluation`, `beginAverage` and `gatherState` are collective over the
///   trainers.
package final class GradientExchange {
  package let plan: MicroBatchPlan
  package let topology: Topology
  package let store: ParameterStore
  package let ownership: Ownership
  /// The elements this trainer sums and updates, ascending; none is empty.
  package let slices: [Range<Int>]
  /// The chunks of `slices`.
  package let chunks: [Int]
  private let group: any ProcessGroup
  private let machine: any ProcessGroup
  private let pool: WorkerPool
  private let isTreeOrdered: Bool
  private let buckets: BucketExchange
  private let publication: ParameterPublication
  private let thread: ExchangeThread?
  /// Are gradients exchanged while others are still computed? May be set to false, and back, between steps.
  package var overlaps: Bool

  /// - Parameters:
  ///   - group: the trainers.
  ///   - machine: the trainers on this trainer's machine, as `topology` groups them.
  ///   - isReproducible: false leaves the order of the sum to the transport's own all-reduce, where no two trainers
  ///     share a store.
  ///   - wantsOverlap: sum what is complete while the backward pass goes on.
  ///   - bucketLength: parameters of a bucket, the piece that is exchanged at once.
  package init(
    plan: MicroBatchPlan, topology: Topology, store: ParameterStore, group: any ProcessGroup, machine: any ProcessGroup,
    pool: WorkerPool, isReproducible: Bool, wantsOverlap: Bool, bucketLength: Int
  ) throws {
    self.plan = plan
    self.topology = topology
    self.store = store
    self.group = group
    self.machine = machine
    self.pool = pool
    isTreeOrdered = isReproducible || topology.machines.count < topology.trainerCount
    ownership = Ownership(count: store.table.floatCount, owners: group.size, bucketLength: bucketLength)
    chunks = ownership.chunks(of: group.rank)
    slices = ownership.slices(of: group.rank)
    overlaps = isTreeOrdered && group.allowsHandOver && wantsOverlap
    buckets = try BucketExchange(
      plan: plan, topology: topology, store: store, ownership: ownership, group: group,
      // With one machine and no overlap nothing is sent: use one bucket.
      bucketLength: topology.machines.count > 1 || overlaps ? bucketLength : max(1, store.table.floatCount))
    publication = try ParameterPublication(ownership: ownership, topology: topology, store: store, group: group)
    thread =
      overlaps
      ? try ExchangeThread(
        buckets, progress: store.progress, local: topology.localIndex(of: group.rank), sharedPool: pool) : nil
  }

  deinit { thread?.stop() }

  /// The first of this trainer's gradient buffers.
  package var ownBuffer: UnsafeMutablePointer<Float> {
    store.gradientBuffers[topology.localIndex(of: group.rank)][0]
  }

  /// Sums all trainers' gradients over this trainer's slices.
  ///
  /// - Returns: the sums, indexed like the arena and valid inside `slices`.
  package func sum() throws -> UnsafeMutablePointer<Float> {
    beginStep()
    return try finish()
  }

  /// Begins the sum of a step. Do not use the trainers' process groups until `finish` returns.
  package func beginStep() {
    if overlaps { thread?.beginStep() }
  }

  /// This trainer's gradient buffers are complete from `element` of the arena on, and stay as they are until `finish`.
  package func release(from element: Int) {
    if overlaps { thread?.release(from: element) }
  }

  /// All of this trainer's buffers are complete: waits for the sum of all trainers' gradients over this one's slices.
  ///
  /// - Returns: the sums, indexed like the arena and valid inside `slices`.
  package func finish() throws -> UnsafeMutablePointer<Float> {
    let result = ownBuffer
    guard isTreeOrdered else { return try plainSum(into: result) }
    if overlaps, let thread {
      try thread.finish()
    } else {
      try machine.barrier()
      for index in buckets.buckets.indices { try buckets.sum(index, pool: pool, isPatient: false) }
    }
    return result
  }

  private func plainSum(into result: UnsafeMutablePointer<Float>) throws -> UnsafeMutablePointer<Float> {
    let count = store.table.floatCount
    let nodes = plan.accumulation(ofTrainer: group.rank).results
    if nodes.isEmpty { result.update(repeating: 0, count: count) }
    for buffer in store.gradientBuffers[topology.localIndex(of: group.rank)][..<max(1, nodes.count)].dropFirst() {
      cvector_add(result, buffer, result, count)
    }
    try group.allReduce(UnsafeMutableBufferPointer(start: result, count: count), .sum)
    return result
  }

  /// Sum of squares of every chunk of `values` that this trainer owns, in its place among all chunks; 0 elsewhere.
  package func chunkNorms(of values: UnsafePointer<Float>) -> [Double] {
    let layout = ownership.layout
    var norms = [Double](repeating: 0, count: layout.chunkCount)
    norms.withUnsafeMutableBufferPointer { norms in
      pool.run(chunks.count) { i, _ in
        let chunk = layout.chunk(chunks[i])
        norms[chunks[i]] = cvector_sum_of_squares(values + chunk.lowerBound, chunk.count)
      }
    }
    return norms
  }

  /// All-gathers the updated slices of the master: afterwards every machine holds all parameters, those of other machines
  /// rounded to bfloat16 where the backend reads only that.
  package func publish() throws {
    if publication.rounds { try publication.publish(pool: pool) } else { try spread(store.memory.master) }
    try machine.barrier()
  }

  /// A digest of chunk `index` as `publish` leaves it on the machines that do not own it: the same on all.
  package func publishedDigest(ofChunk index: Int) -> UInt64 { publication.digest(ofChunk: index) }

  /// Makes the backend's compute copies of the master; the trainers of a machine share the work.
  package func prepare(_ network: Network) throws {
    network.prepare(
      store.memory, piece: topology.localIndex(of: group.rank), of: topology.neighbours(of: group.rank).count)
    try machine.barrier()
  }

  /// The parameters that are to be evaluated, with compute copies: their moving average where there is one, brought
  /// together on every machine, else the masters. `prepare` has to follow before the next step.
  package func prepareEvaluation(_ network: Network) throws -> ParameterMemory {
    guard let average = store.average else { return store.memory }
    try spread(average)
    try machine.barrier()
    let memory = ParameterMemory(master: average, prepared: store.memory.prepared)
    network.prepare(
      memory, piece: topology.localIndex(of: group.rank), of: topology.neighbours(of: group.rank).count)
    try machine.barrier()
    return memory
  }

  /// Lets the moving average begin with the parameters as they are; the trainers of a machine share the work.
  package func beginAverage() throws {
    guard let average = store.average else { return }
    // The parameters may be another trainer's work.
    try machine.barrier()
    let chunks = ownership.layout.chunks(ofPart: topology.localIndex(of: group.rank), of: machine.size)
    let elements = ownership.layout.elements(ofChunks: chunks)
    (average + elements.lowerBound).update(from: store.memory.master + elements.lowerBound, count: elements.count)
    try machine.barrier()
  }

  /// Waits for the other trainers of this machine.
  package func waitForMachine() throws { try machine.barrier() }

  /// Brings the float32 master and the optimizer's state of all owners together on every machine (before a checkpoint).
  package func gatherState() throws {
    if publication.rounds { try spread(store.memory.master) }
    for arena in store.optimizerState { try spread(arena) }
    try machine.barrier()
  }

  /// Leaves the master after `gatherState` as the last `publish` left it; the ranks of a machine share the work.
  package func releaseState() throws {
    guard publication.rounds else { return }
    try machine.barrier()
    publication.roundOthers(piece: topology.localIndex(of: group.rank), of: machine.size, pool: pool)
    try machine.barrier()
  }

  private func spread(_ arena: UnsafeMutablePointer<Float>) throws {
    guard topology.machines.count > 1 else { return }
    let own = topology.machineOfTrainer[group.rank]
    var sends: [OutgoingMessage] = []
    for machine in topology.machines.indices where machine != own {
      let peer = topology.sender(of: machine, towards: group.rank)
      sends += slices.map {
        OutgoingMessage(to: peer, UnsafeRawBufferPointer(start: arena + $0.lowerBound, count: 4 * $0.count))
      }
    }
    var receives: [IncomingMessage] = []
    for owner in 0..<group.size
    where topology.machineOfTrainer[owner] != own && topology.sender(of: own, towards: owner) == group.rank {
      receives += ownership.slices(of: owner).map {
        IncomingMessage(
          from: owner, UnsafeMutableRawBufferPointer(start: arena + $0.lowerBound, count: 4 * $0.count))
      }
    }
    try group.exchange(sends: sends, receives: receives)
  }
}
