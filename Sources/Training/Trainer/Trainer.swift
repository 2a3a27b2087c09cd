import Basics
import Collectives
import Exchange
import Kernels
import Model
import RunLogging
import SegmentationData
import TrainingConfiguration

/// Trains: one step after the other, with all trainers in step.
package final class Trainer {
  package let configuration: Configuration
  package let network: Network
  package let store: ParameterStore
  package let exchange: GradientExchange
  package let sampler: Sampler
  private let counts: SampleCounts
  private let group: any ProcessGroup
  private let lossNames: [String]
  private let computation: GradientComputation
  private let normaliser: LossNormaliser
  private let optimizer: Optimizer
  private let schedule: LearningRateSchedule
  private let loader: Loader
  let stopSignal: StopSignal
  private let watchdog: Watchdog?
  private let pool: WorkerPool
  let faults: InjectedFaults
  private let memoryGuard: MemoryGuard?
  private let verifyEvery: Int
  private let rank: Int
  private var slowRanks: SlowRanks?
  private let nonFiniteSteps: NonFiniteSteps

  package init(_ parts: TrainerParts, startStep: Int) throws {
    configuration = parts.configuration
    network = parts.network
    store = parts.store
    exchange = parts.exchange
    group = parts.group
    optimizer = parts.optimizer
    schedule = parts.schedule
    stopSignal = parts.stopSignal
    watchdog = parts.watchdog
    pool = parts.pool
    faults = parts.faults
    rank = parts.rank
    memoryGuard =
      parts.configuration.distributed.verifyEvery == 0
      ? nil
      : MemoryGuard(exchange: parts.exchange, group: parts.group, rank: parts.rank, pool: parts.pool)
    let plan = parts.exchange.plan
    let sampler = Sampler(sampleCount: parts.dataset.info.sampleCount, seed: parts.configuration.train.seed)
    self.sampler = sampler
    counts = parts.counts
    let objective = TrainingObjectives.make(
      parts.network.configuration, parts.configuration, classWeights: parts.classWeights,
      ignoreLabel: parts.dataset.info.ignoreValue, pool: parts.pool)
    lossNames = objective.lossNames
    computation = GradientComputation(
      network: parts.network, memory: parts.store.memory,
      buffers: parts.store.gradientBuffers[parts.exchange.topology.localIndex(of: parts.group.rank)], plan: plan,
      trainer: parts.group.rank, objective: objective, pool: parts.pool)
    normaliser = LossNormaliser(
      task: parts.network.configuration.architecture.task, normalization: parts.configuration.loss.normalization,
      classWeights: parts.classWeights, ignoreLabel: parts.dataset.info.ignoreValue, globalBatch: plan.globalBatch,
      isOfImage: parts.configuration.loss.name.isOfImage)
    verifyEvery = parts.configuration.distributed.verifyEvery
    nonFiniteSteps = NonFiniteSteps(
      action: parts.configuration.train.nonfinite, plan: plan, sampler: sampler, counts: parts.counts,
      dataset: parts.dataset)
    let positions = plan.positions(ofTrainer: parts.group.rank)
    let totalSteps = parts.totalSteps
    let counts = parts.counts
    loader = try Loader(
      dataset: parts.dataset, transform: parts.transform, threads: parts.loaderThreads, depth: 2, firstStep: startStep,
      requests: { step in
        guard step < totalSteps else { return nil }
        let first = counts.position(after: step)
        return positions.map {
          let draw = sampler.sample(atPosition: first + $0)
          return SampleRequest(sample: draw.sample, randomKey: draw.randomKey)
        }
      })
  }

  /// Ends the loader's threads.
  package func stop() { loader.stop() }

  /// One update of the parameters, as docs/design.md tells it. `index` counts the updates done before; `results` are the
  /// evaluations that the schedule may look at.
  ///
  /// - Important: Collective over the trainers.
  package func step(_ index: Int, effectiveResults results: [EvaluationRecord]) throws -> StepOutcome {
    var phases = StepPhases(step: index, watchdog: watchdog, after: injectFaults)
    let rate = learningRate(atStep: index, after: results)

    let samples = try phases.run(.loading) { try nextSamples() }
    let divisor = try phases.run(.counting) { try normaliser.divisor(of: samples, over: group) }
    let losses = try phases.run(.computing) {
      exchange.beginStep()
      return try computation.run(samples, scale: Float(1 / divisor), release: exchange.release)
    }
    let gradient = try phases.run(.summing) { try exchange.finish() }
    // Before the reduction, on which everybody waits: nobody updates before all have looked.
    try phases.run(.verifying) { try memoryGuard?.verify(step: index + 1) }
    let computeSeconds = phases.seconds.compute
    let reduction = try phases.run(.reducing) {
      try StepReduction(
        losses: losses, partCount: lossNames.count, microBatchCount: exchange.plan.microBatchCount,
        chunkNorms: exchange.chunkNorms(of: gradient),
        isStopRequested: stopSignal.isRequested, computeSeconds: computeSeconds, over: group)
    }
    let skipReason = try nonFiniteSteps.skipReason(reduction, step: index)
    if skipReason == nil {
      phases.run(.updating) { update(gradient, norm: reduction.gradientNorm, learningRate: rate, step: index + 1) }
      try phases.run(.publishing) { try exchange.publish() }
      try phases.run(.sealing) { try memoryGuard?.sealUpdate(step: index + 1, compareEvery: verifyEvery) }
      try phases.run(.preparing) { try exchange.prepare(network) }
    }
    return outcome(index, phases, reduction, divisor: divisor, rate: rate, skipReason: skipReason)
  }

  private func learningRate(atStep index: Int, after results: [EvaluationRecord]) -> Double {
    let plateau = PlateauState(after: results.map(\.score), settings: configuration.schedule)
    return schedule.learningRate(atStep: index, reductions: plateau.reductions)
  }

  private func nextSamples() throws -> [Sample] {
    guard let samples = try loader.next() else {
      throw Failure(.internalError, "the loader ended before the training did")
    }
    return samples
  }

  private func update(_ gradient: UnsafePointer<Float>, norm: Double, learningRate: Double, step: Int) {
    optimizer.update(
      exchange.slices, of: network.parameters, master: store.memory.master, optimizerState: store.optimizerState,
      gradient: gradient, gradientScale: configuration.optimizer.gradientScale(norm: norm),
      learningRate: Float(learningRate), step: step, pool: pool)
  }

  private func outcome(
    _ index: Int, _ phases: StepPhases, _ reduction: StepReduction, divisor: Double, rate: Double, skipReason: String?
  ) -> StepOutcome {
    let batch = exchange.plan.globalBatch
    let record = StepRecord(
      step: index + 1, epoch: counts.epochs(after: index + 1), loss: reduction.weightedLoss / divisor,
      learningRate: rate, imagesPerSecond: Double(batch) / phases.elapsed, seconds: phases.seconds,
      losses: zip(lossNames, reduction.lossParts).map { StepRecord.Loss(name: $0, value: $1 / divisor) })
    let slow = slowRanks?.warnings(after: reduction.microBatchSeconds, step: index + 1) ?? []
    return StepOutcome(
      record: record, isStopRequested: reduction.isStopRequested, warnings: [skipReason].compactMap { $0 } + slow)
  }

  /// Looks whether the state in memory is still what the last update left, before it is used for anything else.
  package func verifyMemory(afterStep step: Int) throws { try memoryGuard?.verify(step: step) }

  /// Begins with the state that is in memory now.
  ///
  /// - Important: Collective over the trainers.
  package func prepareFirstStep() throws {
    if group.size > 1 { slowRanks = try SlowRanks(rank: rank, over: group) }
    try exchange.waitForMachine()
    memoryGuard?.seal()
    try exchange.prepare(network)
  }
}
