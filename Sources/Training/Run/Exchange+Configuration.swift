import Basics
import Collectives
import Exchange
import TrainingConfiguration

extension MicroBatchPlan {
  /// The plan of a configuration.
  package init(_ configuration: Configuration, trainerCount: Int) {
    self.init(
      globalBatch: configuration.batch.global, micro: configuration.batch.micro, trainerCount: trainerCount,
      roundedParts: configuration.distributed.roundedParts)
  }
}

extension GradientExchange {
  /// The exchange of a configuration.
  package convenience init(
    plan: MicroBatchPlan, topology: Topology, store: ParameterStore, group: any ProcessGroup, machine: any ProcessGroup,
    pool: WorkerPool, settings: Configuration.Distributed
  ) throws {
    try self.init(
      plan: plan, topology: topology, store: store, group: group, machine: machine, pool: pool,
      isReproducible: settings.reproducible, wantsOverlap: settings.overlaps(machines: topology.machines.count),
      bucketLength: settings.bucket)
  }
}
