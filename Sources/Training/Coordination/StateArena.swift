import Basics
import Collectives
import Exchange
import Model

/// The state of a training in memory: the master parameters and the optimizer's arenas, all whole.
package struct StateArena {
  package let table: ParameterTable
  package let master: UnsafeMutablePointer<Float>
  package let optimizerState: [(name: String, values: UnsafeMutablePointer<Float>)]
  /// Whose memory this is: who holds the arena holds the memory.
  package let owner: AnyObject

  package init(
    table: ParameterTable, master: UnsafeMutablePointer<Float>,
    optimizerState: [(name: String, values: UnsafeMutablePointer<Float>)], owner: AnyObject
  ) {
    self.owner = owner
    self.table = table
    self.master = master
    self.optimizerState = optimizerState
  }

  package init(_ store: ParameterStore) {
    self.init(
      table: store.table, master: store.memory.master,
      optimizerState: Array(zip(store.optimizerStateNames, store.optimizerState)).map { (name: $0.0, values: $0.1) },
      owner: store)
  }

  /// The moving average of the parameters, in a training that has one.
  package var average: UnsafeMutablePointer<Float>? {
    optimizerState.first { $0.name == ParameterStore.averageName }?.values
  }

  /// The arenas one after the other: the master first.
  package var arenas: [UnsafeMutablePointer<Float>] { [master] + optimizerState.map(\.values) }
}

/// A state of its own beside the trainers': what is evaluated or written while they go on.
package final class Snapshot {
  package let arena: StateArena
  /// The parameters that are to be evaluated: their moving average where there is one.
  package let evaluatedMemory: ParameterMemory
  private let region: MemoryRegion

  /// In memory that the ranks of `machine` share, with room for the compute copies where they are `evaluable`.
  ///
  /// - Important: Collective over `machine`.
  package init(
    table: ParameterTable, optimizerStateNames: [String], machine: any ProcessGroup, evaluable: Bool = false
  ) throws {
    let floats = (table.floatCount + 1023) / 1024 * 1024
    region = try machine.sharedMemory(
      byteCount: 4 * floats * (1 + optimizerStateNames.count) + (evaluable ? table.preparedByteCount : 0))
    let base = region.floats()
    arena = StateArena(
      table: table, master: base,
      optimizerState: optimizerStateNames.enumerated().map { (name: $1, values: base + (1 + $0) * floats) },
      owner: region)
    evaluatedMemory = ParameterMemory(
      master: arena.average ?? base, prepared: region.base + 4 * floats * (1 + optimizerStateNames.count))
  }
}
