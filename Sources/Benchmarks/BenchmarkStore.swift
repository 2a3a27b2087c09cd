import Basics
import Collectives
import Exchange
import Model
import Training
import TrainingConfiguration

/// The memory and the exchange of a training in which all ranks train, without data.
package final class BenchmarkStore {
  package let topology: Topology
  package let plan: MicroBatchPlan
  package let store: ParameterStore
  package let exchange: GradientExchange
  package let optimizer: Optimizer
  package let pool: WorkerPool
  package let group: any ProcessGroup

  /// - Important: Collective over `group`.
  package init(
    table: ParameterTable, configuration: Configuration, group: any ProcessGroup, pool: WorkerPool
  ) throws {
    self.group = group
    self.pool = pool
    optimizer = Optimizer(configuration.optimizer)
    let machine: any ProcessGroup
    if configuration.distributed.exchange == .allreduce {
      machine = SoloProcessGroup()
      topology = Topology.separate(trainerCount: group.size)
    } else {
      machine = try group.nodeGroup()
      topology = try Topology.discovered(by: group, on: machine)
    }
    let plan = MicroBatchPlan(configuration, trainerCount: group.size)
    self.plan = plan
    store = try ParameterStore(
      table: table, optimizerStateNames: optimizer.optimizerStateNames,
      bufferCounts: plan.bufferCounts(ofTrainers: topology.neighbours(of: group.rank)), machine: machine)
    exchange = try GradientExchange(
      plan: plan, topology: topology, store: store, group: group, machine: machine, pool: pool,
      settings: configuration.distributed)
  }

  /// This rank's gradient buffers.
  package var gradientBuffers: [UnsafeMutablePointer<Float>] {
    store.gradientBuffers[topology.localIndex(of: group.rank)]
  }

  /// The ranks that share this rank's store.
  package var machine: [Int] { topology.neighbours(of: group.rank) }
  /// This rank's place among them.
  package var localIndex: Int { topology.localIndex(of: group.rank) }

  /// Bytes that an update moves through memory, over all owners: parameters and optimizer state read and written,
  /// gradient read.
  package var updateByteCount: Int { 4 * (2 * (1 + optimizer.optimizerStateNames.count) + 1) * store.table.floatCount }

  /// Bytes that the sum moves through memory, over all owners: every rank's gradient read, the sum written.
  package var sumByteCount: Int {
    let nodes = (0..<group.size).reduce(0) { $0 + plan.accumulation(ofTrainer: $1).results.count }
    return nodes > 1 ? 4 * (nodes + 1) * store.table.floatCount : 0
  }
}
