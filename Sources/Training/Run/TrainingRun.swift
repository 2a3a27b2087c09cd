import Basics
import Checkpoints
import Collectives
import Exchange
import Kernels
import Model
import RunLogging
import SegmentationData
import TrainingConfiguration

/// A whole training, from the files to the last checkpoint: `fcn-dist train` without its options.
///
/// - Important: Collective over the world: every rank makes one and runs it.
package final class TrainingRun {
  private let world: any ProcessGroup
  private let options: TrainingOptions
  private let inputs: TrainingInputs
  private let roles: Roles
  private let network: Network
  private let optimizer: Optimizer
  private let layers: LayerChoice
  /// That of a training from the beginning, until `run` knows from where it goes on.
  private var runSchedule: RunSchedule
  private let stopSignal = StopSignal()

  package var configuration: Configuration { inputs.configuration }

  package init(
    _ configuration: Configuration, options: TrainingOptions, world: any ProcessGroup, backend: any Backend
  ) throws {
    self.world = world
    self.options = options
    inputs = try TrainingInputs(
      configuration, dataFolder: options.dataFolder, initialise: options.initialise, threads: backend.threadCount,
      world: world)
    let settings = inputs.configuration
    layers = try LayerChoice(settings.optimizer, model: inputs.modelConfiguration)
    network = try Network(
      inputs.modelConfiguration, backend: backend,
      reference: (settings.batch.micro, inputs.referenceSize.height, inputs.referenceSize.width),
      frozen: Set(layers.frozen))
    optimizer = Optimizer(settings.optimizer, learningRateMultipliers: layers.multipliers)
    runSchedule = RunSchedule(
      settings.train, canEvaluate: inputs.validation != nil,
      counts: SampleCounts(batch: settings.batch.global, sampleCount: inputs.training.info.sampleCount))
    try Self.agreement(inputs, network: network, libraries: options.libraries).check(over: world)
    roles = try Roles(settings.distributed, world: world)
  }

  /// - Parameter available: bytes of memory that this rank can have.
  /// - Throws: where the largest image of the run wants more for itself.
  package func checkMemory(available: Int) throws {
    try ImageMemory(inputs.configuration, network, training: inputs.training, validation: inputs.validation).check(
      available: available)
  }

  private static func agreement(
    _ inputs: TrainingInputs, network: Network, libraries: [String: String]
  ) -> Agreement {
    var agreement = Agreement()
    agreement.add("the tool's version", ToolVersion.text)
    agreement.add("the program's file", ProgramFile.identity)
    for (name, version) in libraries.sorted(by: { $0.key < $1.key }) {
      agreement.add("the version of \(name)", version)
    }
    var configuration = inputs.configuration
    // Ranks may read the same dataset from different paths; the fingerprints below compare its content.
    configuration.data.path = nil
    agreement.add("the configuration", configuration.yaml)
    agreement.add("the training data", inputs.training.fingerprint)
    agreement.add("the validation data", inputs.validation?.fingerprint ?? "none")
    agreement.add("the backend", network.backend.fingerprint)
    agreement.add("the parameters' layout", network.parameters.fingerprint)
    return agreement
  }

  /// - Returns: how it ended: the same on all ranks.
  package func run(console: Console) throws -> StepBoundary.Ending {
    let recorder = try roles.isRecorder ? recorder(console) : nil
    defer { recorder?.close() }
    // Nobody writes into the run's folder before rank 0 holds its lock.
    try world.barrier()
    CrashRecord.begin(folder: options.outputFolder, rank: world.rank)
    let reader = try recorder.flatMap { recorder in
      try StartingPoint.checkpoint(options, store: recorder.store) { recorder.console.line("warning: \($0)") }
    }
    try planOn(from: reader)
    if let recorder { try describe(recorder) }
    return roles.trainers == nil ? try coordinate(recorder, reader) : try train(recorder, reader, console: console)
  }

  /// Plans the run from where the checkpoint, which rank 0 has, left off.
  ///
  /// - Important: Collective over the world.
  private func planOn(from reader: CheckpointReader?) throws {
    let fresh = runSchedule.counts
    let counts = try reader.map {
      try SampleCounts(continuing: $0.state, of: $0.path, batch: fresh.batch, sampleCount: fresh.sampleCount)
    }
    runSchedule = RunSchedule(
      configuration.train, canEvaluate: inputs.validation != nil,
      counts: try JSONMessage.broadcast(counts ?? fresh, from: 0, over: world))
  }

  private func recorder(_ console: Console) throws -> RunRecorder {
    let provenance = Provenance(network: network, roles: roles, libraries: options.libraries)
    let recorder = try RunRecorder(
      folder: try RunFolder(path: options.outputFolder), console: console, inputs: inputs,
      optimizerName: optimizer.name, provenance: provenance, faults: options.faults.of(rank: world.rank))
    // A refusal should not have to be looked for below the whole configuration.
    if options.resume == .never { try StartingPoint.checkIsNew(options.outputFolder, recorder.store) }
    return recorder
  }

  /// Says what the run is going to be.
  private func describe(_ recorder: RunRecorder) throws {
    for line in recorder.provenance.lines(inputs: inputs, runSchedule: runSchedule) { recorder.console.line(line) }
    let labels = try inputs.labelWarnings(threads: network.backend.threadCount)
    for note in layers.notes { recorder.console.line(note) }
    for warning in inputs.warnings + layers.warnings + labels + idleTrainers {
      recorder.console.line("warning: \(warning)")
    }
    if let note = inputs.normalisationNote { recorder.console.line(note) }
  }

  /// Ranks that train and have nothing to do in any step, in a line for people.
  private var idleTrainers: [String] {
    let plan = MicroBatchPlan(configuration, trainerCount: roles.topology.trainerCount)
    let idle = plan.idleTrainers.map { $0 + (roles.isDedicated ? 1 : 0) }
    guard !idle.isEmpty else { return [] }
    return [
      (idle.count == 1 ? "rank \(idle[0]) has" : "ranks \(Affinity.listText(idle)) have") + " no work: "
        + "\(plan.trainerCount) ranks train, and a step of \(plan.globalBatch) images has \(plan.microBatchCount) "
        + "micro-batches of \(plan.micro); "
        + MicroBatchPlan.remedyForIdleTrainers(microBatchCount: plan.microBatchCount, micro: plan.micro)
    ]
  }

  /// Rank 0 of a run with a dedicated coordinator.
  private func coordinate(_ recorder: RunRecorder?, _ reader: CheckpointReader?) throws -> StepBoundary.Ending {
    guard let recorder else { preconditionFailure("only rank 0 is a dedicated coordinator") }
    let snapshot = try Snapshot(
      table: network.parameters, optimizerStateNames: optimizer.optimizerStateNames, machine: SoloProcessGroup(),
      evaluable: true)
    let start = try startingPoint(
      snapshot.arena, recorder, reader, pool: try WorkerPool(threadCount: network.backend.threadCount))
    let watchdog = try watchdog()
    defer { watchdog?.stop() }
    return try DedicatedCoordinator(
      policy: policy(start), network: network, evaluator: evaluator(over: SoloProcessGroup()), snapshot: snapshot,
      world: world, bucketLength: configuration.distributed.bucket, classNames: inputs.training.info.classNames,
      recorder: recorder, watchdog: watchdog, faults: options.faults.of(rank: world.rank)
    ).run()
  }

  private func train(
    _ recorder: RunRecorder?, _ reader: CheckpointReader?, console: Console
  ) throws -> StepBoundary.Ending {
    guard let trainers = roles.trainers, let machine = roles.machine else {
      preconditionFailure("a trainer has a group")
    }
    let pool = try WorkerPool(threadCount: network.backend.threadCount)
    let plan = MicroBatchPlan(configuration, trainerCount: trainers.size)
    let neighbours = roles.topology.neighbours(of: trainers.rank)
    let store = try ParameterStore(
      table: network.parameters, optimizerStateNames: optimizer.optimizerStateNames,
      bufferCounts: plan.bufferCounts(ofTrainers: neighbours), machine: machine)
    let exchange = try GradientExchange(
      plan: plan, topology: roles.topology, store: store, group: trainers, machine: machine, pool: pool,
      settings: configuration.distributed)
    let start = try startingPoint(StateArena(store), recorder, reader, pool: pool)
    if start.isFresh {
      Initialisation(network.parameters, configuration: inputs.modelConfiguration, seed: configuration.train.seed).run(
        share: roles.topology.localIndex(of: trainers.rank), of: neighbours.count, into: store.memory.master,
        pool: pool)
    }
    if start.step == 0 { try exchange.beginAverage() }
    let log =
      try roles.isLeader
      ? RunLog(
        folder: options.outputFolder, console: console, totalSteps: runSchedule.totalSteps,
        totalEpochs: runSchedule.totalEpochs, continuingAfterStep: start.step) : nil
    let watchdog = try watchdog()
    defer { watchdog?.stop() }
    let trainer = try Trainer(
      TrainerParts(
        configuration: configuration, network: network, store: store, exchange: exchange, dataset: inputs.training,
        transform: inputs.transform, group: trainers, rank: world.rank, optimizer: optimizer, schedule: learningRates,
        classWeights: inputs.classWeights, totalSteps: runSchedule.totalSteps, counts: runSchedule.counts,
        pool: pool, loaderThreads: options.loaderThreads, stopSignal: stopSignal, watchdog: watchdog,
        faults: options.faults.of(rank: world.rank)), startStep: start.step)
    defer { trainer.stop() }
    try trainer.prepareFirstStep()
    let copier = StateCopier(topology: roles.topology, trainer: trainers.rank, machine: machine, pool: pool)
    if !roles.isDedicated && runSchedule.mayWriteBeforeTheEnd { try copier.reserve(for: StateArena(store)) }
    log?.console.line("ready after \(fixed(ProcessAge.seconds, 2)) s")
    let coordinator = coordinator(
      policy(start), store: store, exchange: exchange, trainers: trainers, copier: copier,
      recorder: recorder, log: log, watchdog: watchdog)
    return try loop(trainer, coordinator, from: start, log: log)
  }

  /// Over all ranks, a dedicated coordinator included.
  ///
  /// - Important: Collective over the world.
  private func watchdog() throws -> Watchdog? {
    try options.watchdog.map { try Watchdog(group: world, folder: options.outputFolder, settings: $0) }
  }

  private func startingPoint(
    _ arena: StateArena, _ recorder: RunRecorder?, _ reader: CheckpointReader?, pool: WorkerPool
  ) throws -> StartingPoint {
    let start = try recorder.map { recorder in
      try StartingPoint(
        reader, counts: runSchedule.counts, options: options, configuration: configuration,
        model: inputs.modelConfiguration, store: recorder.store, provenance: recorder.provenance.facts, arena: arena,
        pool: pool)
    }
    if let start { try recorder?.writeConfiguration(start, commandLine: options.commandLine) }
    return try StartingPoint.distributed(start, arena: arena, recipients: roles.recipients, world: world)
  }

  private func loop(
    _ trainer: Trainer, _ coordinator: any Coordinator, from start: StartingPoint, log: RunLog?
  ) throws -> StepBoundary.Ending {
    if let boundary = StepBoundary.ofNoStep(start, runSchedule: runSchedule, policy: coordinator.policy) {
      if start.step > 0 {
        log?.console.line(
          "the training was at its end already: nothing is trained (train.epochs or train.steps is its length)")
      }
      try coordinator.handle(boundary)
      return boundary.ending ?? .finished
    }
    var records: [StepRecord] = []
    var step = start.step
    while true {
      let outcome = try trainer.step(
        step, effectiveResults: Array(coordinator.policy.effectiveResults(atStep: step)))
      step += 1
      records.append(outcome.record)
      try log?.record(outcome.record)
      for warning in outcome.warnings { log?.warn(warning) }
      guard
        let boundary = StepBoundary.due(
          after: step, runSchedule: runSchedule, policy: coordinator.policy, isStopRequested: outcome.isStopRequested,
          records: records)
      else { continue }
      records.removeAll()
      // What is wrong in memory must not become a checkpoint.
      try trainer.verifyMemory(afterStep: step)
      try coordinator.handle(boundary)
      if let ending = boundary.ending { return ending }
    }
  }

  private func coordinator(
    _ policy: ValidationPolicy, store: ParameterStore, exchange: GradientExchange, trainers: any ProcessGroup,
    copier: StateCopier, recorder: RunRecorder?, log: RunLog?, watchdog: Watchdog?
  ) -> any Coordinator {
    if roles.isDedicated {
      return RemoteCoordinator(
        policy: policy, store: store, slices: exchange.slices, trainers: trainers, world: world, log: log,
        watchdog: watchdog)
    }
    return SharedCoordinator(
      policy: policy, evaluator: evaluator(over: trainers), store: store, exchange: exchange, group: trainers,
      classNames: inputs.training.info.classNames, copier: copier, recorder: recorder, log: log,
      watchdog: watchdog)
  }

  private var learningRates: LearningRateSchedule {
    LearningRateSchedule(
      configuration.schedule, base: configuration.optimizer.learningRate, totalSteps: runSchedule.totalSteps,
      stepsAhead: runSchedule.counts.stepsAhead(configuration.train))
  }

  private func evaluator(over group: any ProcessGroup) -> Evaluator? {
    inputs.validation.map {
      Evaluator(
        network: network, dataset: $0, normalisation: inputs.normalisation, mask: inputs.mask, group: group,
        batch: configuration.batch.micro, loaderThreads: options.loaderThreads)
    }
  }

  private func policy(_ start: StartingPoint) -> ValidationPolicy {
    var policy = ValidationPolicy(runSchedule: runSchedule, earlyStop: configuration.train.earlyStop)
    policy.record(start.evaluations)
    return policy
  }
}
