import Basics
import CVector
import Collectives
import Exchange
import Model
import Training
import TrainingConfiguration

/// Sum, update and publication of a gradient, against an all-reduce of the transport with a whole update on every rank,
/// and against the speed of memory.
package final class ExchangeBenchmark {
  package static let own = "exchange"
  package static let ownParts = ["sum", "update", "publish"]
  package static let anyOrder = "sum in any order"
  package static let peer = "all-reduce"
  package static let peerParts = ["all-reduce: sum", "all-reduce: update"]
  package static let stream = "memory stream"

  private let parts: BenchmarkStore
  private let table: ParameterTable
  private let replica: Replica
  private let memory: MemoryStream
  private var step = 0

  /// - Parameters:
  ///   - configuration: `batch`, `optimizer` and `distributed` of it count.
  ///   - parameterCount: how many floats are summed.
  /// - Important: Collective over `group`.
  package init(
    _ configuration: Configuration, parameterCount: Int, group: any ProcessGroup, pool: WorkerPool
  ) throws {
    var configuration = configuration
    // One gradient a rank, as in a step whose images went through the network before.
    configuration.batch.global = group.size
    configuration.batch.micro = 1
    table = ParameterTable(flatCount: parameterCount)
    parts = try BenchmarkStore(table: table, configuration: configuration, group: group, pool: pool)
    replica = try Replica(count: table.floatCount, stateCount: parts.optimizer.optimizerStateNames.count)
    memory = try MemoryStream(count: table.floatCount / group.size, pool: pool)
    touch()
    try group.barrier()
  }

  /// Bytes that sum and update move through memory, over all ranks.
  package var byteCount: Int { parts.sumByteCount + parts.updateByteCount }
  package var streamByteCount: Int { memory.byteCount * parts.group.size }

  /// Values that stay finite however often they are summed; pages that are there before they are measured.
  private func touch() {
    let count = table.floatCount
    for buffer in parts.gradientBuffers { buffer.update(repeating: 0, count: count) }
    if parts.localIndex == 0 {
      for arena in [parts.store.memory.master] + parts.store.optimizerState {
        arena.update(repeating: 0.5, count: count)
      }
    }
    replica.touch()
  }

  /// - Important: Collective.
  package func run(_ round: Round) throws {
    step += 1
    let group = parts.group
    try group.barrier()
    try round.time(Self.own) {
      let gradient = try round.time(Self.ownParts[0]) { try parts.exchange.sum() }
      round.time(Self.ownParts[1]) {
        update(parts.exchange.slices, parts.store.memory.master, parts.store.optimizerState, gradient)
      }
      try round.time(Self.ownParts[2]) { try parts.exchange.publish() }
    }
    if parts.topology.machines.count == 1 {
      try group.barrier()
      try round.time(Self.anyOrder) { try sumInAnyOrder() }
    }
    try group.barrier()
    try round.time(Self.peer) {
      let gradient = replica.gradient
      try round.time(Self.peerParts[0]) {
        try group.allReduce(UnsafeMutableBufferPointer(start: gradient, count: table.floatCount), .sum)
      }
      round.time(Self.peerParts[1]) { update([0..<table.floatCount], replica.master, replica.optimizerState, gradient) }
    }
    try group.barrier()
    try round.time(Self.stream) {
      memory.run()
      try group.barrier()
    }
  }

  /// What the sum costs when it may begin with any rank's gradient: the same reads and writes, one stream after the
  /// other.
  private func sumInAnyOrder() throws {
    try parts.exchange.waitForMachine()
    let own = parts.gradientBuffers[0]
    let others = parts.store.gradientBuffers.map { $0[0] }.filter { $0 != own }
    for slice in parts.exchange.slices {
      parts.pool.runRanges(slice.count, grain: 8192) { piece in
        let start = slice.lowerBound + piece.lowerBound
        for other in others { cvector_add(own + start, other + start, own + start, piece.count) }
      }
    }
  }

  private func update(
    _ slices: [Range<Int>], _ master: UnsafeMutablePointer<Float>, _ optimizerState: [UnsafeMutablePointer<Float>],
    _ gradient: UnsafePointer<Float>
  ) {
    parts.optimizer.update(
      slices, of: table, master: master, optimizerState: optimizerState, gradient: gradient, gradientScale: 1,
      learningRate: 0.001, step: step, pool: parts.pool)
  }
}

/// What every rank holds for itself where nothing is shared.
private final class Replica {
  let gradient: UnsafeMutablePointer<Float>
  let master: UnsafeMutablePointer<Float>
  let optimizerState: [UnsafeMutablePointer<Float>]
  private let regions: [MemoryRegion]
  private let count: Int

  init(count: Int, stateCount: Int) throws {
    self.count = count
    regions = try (0..<2 + stateCount).map { _ in try MemoryRegion(byteCount: 4 * count) }
    gradient = regions[0].floats()
    master = regions[1].floats()
    optimizerState = regions[2...].map { $0.floats() }
  }

  func touch() {
    gradient.update(repeating: 0, count: count)
    for arena in [master] + optimizerState { arena.update(repeating: 0.5, count: count) }
  }
}
