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
  private let dataset: Dataset
  private let group: any ProcessGroup
  private let computation: GradientComputation
  private let normaliser: LossNormaliser
  private let optimizer: Optimizer
  private let schedule: LearningRateSchedule
  private let loader: Loader
  private let stopSignal: StopSignal
  private let watchdog: Watchdog?
  private let pool: WorkerPool
  private let faults: InjectedFaults
  private let memoryGuard: MemoryGuard?
  private let rank: Int
  private var slowRanks: SlowRanks?
  private var skippedInARow = 0
  private static let mostSkippedInARow = 10

  package init(_ parts: TrainerParts, startStep: Int) throws {
    configuration = parts.configuration
    network = parts.network
    store = parts.store
    exchange = parts.exchange
    dataset = parts.dataset
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
    computation = GradientComputation(
      network: parts.network, memory: parts.store.memory,
      buffers: parts.store.gradientBuffers[parts.exchange.topology.localIndex(of: parts.group.rank)], plan: plan,
      trainer: parts.group.rank, classWeights: parts.classWeights, ignoreLabel: parts.dataset.info.ignoreValue,
      pool: parts.pool)
    normaliser = LossNormaliser(
      normalization: parts.configuration.loss.normalization, classWeights: parts.classWeights,
      ignoreLabel: parts.dataset.info.ignoreValue, globalBatch: plan.globalBatch)
    let positions = plan.positions(ofTrainer: parts.group.rank)
    let totalSteps = parts.totalSteps
    loader = try Loader(
      dataset: parts.dataset, transform: parts.transform, threads: parts.loaderThreads, depth: 2, firstStep: startStep,
      requests: { step in
        guard step < totalSteps else { return nil }
        return positions.map {
          let draw = sampler.sample(atPosition: step * plan.globalBatch + $0)
          return SampleRequest(sample: draw.sample, randomKey: draw.randomKey)
        }
      })
  }

  package func stop() { loader.stop() }

  /// One update of the parameters. `index` counts the updates done before; `results` are the evaluations that the
  /// schedule may look at.
  ///
  /// - Important: Collective over the trainers.
  package func step(
    _ index: Int, effectiveResults results: [EvaluationRecord]
  ) throws -> StepOutcome {
    let watch = Stopwatch()
    var seconds = StepRecord.Seconds(data: 0, compute: 0, exchange: 0, update: 0)
    let plateau = PlateauState(after: results.map(\.meanIntersectionOverUnion), settings: configuration.schedule)
    let rate = schedule.learningRate(atStep: index, reductions: plateau.reductions)

    watchdog?.heartbeat("loading samples", step: index)
    let samples = try Stopwatch.time(&seconds.data) { try nextSamples() }
    watchdog?.heartbeat("counting pixels", step: index, isWaiting: true)
    let divisor = try normaliser.divisor(of: samples, over: group)

    watchdog?.heartbeat("computing gradients", step: index)
    exchange.beginStep()
    let losses = try Stopwatch.time(&seconds.compute) {
      try computation.run(samples, scale: Float(1 / divisor), release: exchange.release)
    }
    let workSeconds = seconds.compute
    Stopwatch.time(&seconds.compute) { faults.injectIntoProcess(step: index + 1, workSeconds: workSeconds) }
    let computeSeconds = seconds.compute
    if faults.triggers(.interrupt, step: index + 1) { stopSignal.request() }
    if faults.triggers(.nan, step: index + 1) { exchange.ownBuffer[0] = .nan }

    watchdog?.heartbeat("summing gradients", step: index, isWaiting: true)
    let (gradient, reduction) = try Stopwatch.time(&seconds.exchange) {
      let gradient = try exchange.finish()
      // Before the reduction, on which everybody waits: nobody updates before all have looked.
      try memoryGuard?.verify(step: index + 1)
      let reduction = try StepReduction(
        losses: losses, microBatchCount: exchange.plan.microBatchCount, chunkNorms: exchange.chunkNorms(of: gradient),
        isStopRequested: stopSignal.isRequested, computeSeconds: computeSeconds, over: group)
      return (gradient, reduction)
    }
    var warnings = [try skipReason(reduction, step: index)].compactMap { $0 }
    warnings += slowRanks?.warnings(after: reduction.microBatchSeconds, step: index + 1) ?? []
    if reduction.isFinite {
      watchdog?.heartbeat("updating parameters", step: index)
      try Stopwatch.time(&seconds.update) {
        update(gradient, norm: reduction.gradientNorm, learningRate: rate, step: index + 1)
        watchdog?.heartbeat("spreading parameters", step: index, isWaiting: true)
        try spread(step: index + 1)
        watchdog?.heartbeat("preparing parameters", step: index, isWaiting: true)
        try exchange.prepare(network)
      }
    }

    let batch = exchange.plan.globalBatch
    let record = StepRecord(
      step: index + 1, epoch: Double((index + 1) * batch) / Double(sampler.sampleCount),
      loss: reduction.weightedLoss / divisor, learningRate: rate, imagesPerSecond: Double(batch) / watch.seconds,
      seconds: seconds)
    return StepOutcome(record: record, isStopRequested: reduction.isStopRequested, warnings: warnings)
  }

  private func nextSamples() throws -> [Sample] {
    guard let samples = try loader.next() else {
      throw Failure(.internalError, "the loader ended before the training did")
    }
    return samples
  }

  private func update(_ gradient: UnsafePointer<Float>, norm: Double, learningRate: Double, step: Int) {
    optimizer.update(
      exchange.slice, of: network.parameters, master: store.memory.master, optimizerState: store.optimizerState,
      gradient: gradient, gradientScale: configuration.optimizer.gradientScale(norm: norm),
      learningRate: Float(learningRate),
      step: step, pool: pool)
  }

  private func spread(step: Int) throws {
    try exchange.publish()
    if faults.triggers(.corruptCopy, step: step) {
      flipBit(ofElement: exchange.slice.lowerBound > 0 ? 0 : exchange.slice.upperBound)
    }
    memoryGuard?.seal()
    let interval = configuration.distributed.verifyEvery
    if interval > 0, step % interval == 0 { try memoryGuard?.compareMachines(step: step) }
    if !exchange.slice.isEmpty, faults.triggers(.flipWeight, step: step) {
      flipBit(ofElement: (exchange.slice.lowerBound + exchange.slice.upperBound) / 2)
    }
  }

  private func flipBit(ofElement element: Int) {
    let value = store.memory.master + element
    value.pointee = Float(bitPattern: value.pointee.bitPattern ^ 1 << 20)
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

  /// Decides about a step that is not finite: the same on every trainer, for all have the same reduction.
  ///
  /// - Returns: what to tell people where the training goes on without the step.
  private func skipReason(_ reduction: StepReduction, step: Int) throws -> String? {
    guard !reduction.isFinite else {
      skippedInARow = 0
      return nil
    }
    skippedInARow += 1
    let failure = nonFinite(reduction, step: step)
    guard configuration.train.nonfinite == .skip, skippedInARow <= Self.mostSkippedInARow else { throw failure }
    return failure.message
  }

  /// The same words on every trainer: whichever ends the job first says all there is to say.
  private func nonFinite(_ reduction: StepReduction, step: Int) -> Failure {
    let broken = reduction.nonFiniteMicroBatches
    let positions =
      broken.isEmpty
      ? Array(0..<exchange.plan.globalBatch) : broken.flatMap { Array(exchange.plan.positions(ofMicroBatch: $0)) }
    let keys = positions.map {
      dataset.key(sampler.sample(atPosition: step * exchange.plan.globalBatch + $0).sample)
    }
    let what =
      (broken.isEmpty ? "the gradient is not finite after the samples " : "the loss is not finite on the samples ")
      + keys.prefix(8).joined(separator: ", ") + (keys.count > 8 ? " and \(keys.count - 8) more" : "")
    let row = skippedInARow > 1 ? ", the \(skippedInARow). in a row" : ""
    return Failure(
      .badData, "step \(step + 1)\(row): \(what); no rank has applied the step",
      remedy: "look at these samples with 'fcn-dist dataset show', lower optimizer.learning_rate, or set "
        + "optimizer.gradient_clip; the last checkpoint is untouched")
  }
}

/// What a step came to: the same on every trainer, but for the seconds.
package struct StepOutcome {
  package let record: StepRecord
  package let isStopRequested: Bool
  /// Why the step was left out, who holds up the others.
  package let warnings: [String]
}

/// What a trainer is put together from.
package struct TrainerParts {
  package var configuration: Configuration
  package var network: Network
  package var store: ParameterStore
  package var exchange: GradientExchange
  package var dataset: Dataset
  package var transform: SampleTransform
  package var group: any ProcessGroup
  /// This rank's number in the job.
  package var rank: Int
  package var optimizer: Optimizer
  package var schedule: LearningRateSchedule
  package var classWeights: [Float]
  package var totalSteps: Int
  package var pool: WorkerPool
  package var loaderThreads: Int
  package var stopSignal: StopSignal
  package var watchdog: Watchdog?
  /// Those of this rank.
  package var faults: InjectedFaults
}
