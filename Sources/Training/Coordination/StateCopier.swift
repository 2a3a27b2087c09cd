import Basics
import Collectives
import Exchange
import Model

/// Keeps a copy of the training's state on the machine of the first trainer, so that it can be written while training
/// goes on. All trainers of that machine copy, each a share.
package final class StateCopier {
  /// Where the copy is; nil on other machines and before the first copy.
  package private(set) var arena: StateArena?
  private let isOnFirstMachine: Bool
  private let machine: any ProcessGroup
  private let pool: WorkerPool
  private var snapshot: Snapshot?
  private var isRefused = false

  package init(topology: Topology, trainer: Int, machine: any ProcessGroup, pool: WorkerPool) {
    isOnFirstMachine = topology.machineOfTrainer[trainer] == topology.machineOfTrainer[0]
    self.machine = machine
    self.pool = pool
  }

  /// Takes the memory for copies now: at the first copy, training would have to wait for it.
  ///
  /// - Important: Collective over the trainers.
  package func reserve(for state: StateArena) throws { if isOnFirstMachine { _ = try makeSnapshot(for: state) } }

  /// - Returns: whether there is a copy; not where the machine has no memory for one. On other machines always true:
  ///   they have nothing to do.
  /// - Important: Collective over the trainers.
  package func copy(_ state: StateArena) throws -> Bool {
    guard isOnFirstMachine else { return true }
    guard let snapshot = try makeSnapshot(for: state) else { return false }
    let layout = ChunkedRange(count: state.table.floatCount)
    let share = layout.elements(ofChunks: layout.chunks(ofPart: machine.rank, of: machine.size))
    for (source, destination) in zip(state.arenas, snapshot.arena.arenas) {
      pool.runRanges(share.count, grain: 1 << 20) { piece in
        let start = share.lowerBound + piece.lowerBound
        (destination + start).update(from: source + start, count: piece.count)
      }
    }
    try machine.barrier()
    arena = snapshot.arena
    return true
  }

  /// Every rank of the machine is refused memory, or none is.
  private func makeSnapshot(for state: StateArena) throws -> Snapshot? {
    if snapshot == nil && !isRefused {
      do {
        snapshot = try Snapshot(
          table: state.table, optimizerStateNames: state.optimizerState.map(\.name), machine: machine)
      } catch is Failure {
        isRefused = true
      }
      isRefused = try machine.allReduce(isRefused ? 1 : 0, .maximum) > 0
      if isRefused { snapshot = nil }
    }
    return snapshot
  }
}
