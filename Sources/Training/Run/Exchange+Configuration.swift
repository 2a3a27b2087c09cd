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

  /// What to do where more ranks train than there are micro-batches.
  package static func remedyForIdleTrainers(microBatchCount: Int, micro: Int) -> String {
    "use at most \(microBatchCount) training ranks"
      + (micro == 1
        ? " or a larger batch.global"
        : ", a larger batch.global, or a smaller batch.micro (--set batch.micro=1 gives most ranks work, and other last "
          + "bits)")
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
