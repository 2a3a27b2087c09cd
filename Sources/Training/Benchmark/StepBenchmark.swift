import Basics
import Collectives
import Kernels
import Model
import SegmentationData

/// Whole training steps on samples in memory, and beside them what bounds them: the layers run alone, and the update at
/// the speed of memory.
package final class StepBenchmark {
  package static let step = "step"
  package static let parts = ["compute", "exchange", "update"]
  package static let stream = "memory stream"

  package let network: Network
  package let layers: LayerBenchmark
  package let implementations: [(operation: String, implementation: String)]
  private let parts: BenchmarkStore
  private let configuration: Configuration
  private let computation: GradientComputation
  private let normaliser: LossNormaliser
  private let samples: [Sample]
  private let memory: MemoryStream
  private var index = 0

  /// - Parameters:
  ///   - configuration: with classes and channels.
  ///   - size: of the images.
  /// - Important: Collective over `group`.
  package init(
    _ configuration: Configuration, size: (height: Int, width: Int), backend: any Backend, group: any ProcessGroup
  ) throws {
    self.configuration = configuration
    let model = try ModelConfiguration(configuration.model)
    network = try Network(
      model, backend: backend, reference: (configuration.batch.micro, size.height, size.width))
    let pool = try WorkerPool(threadCount: backend.threadCount)
    parts = try BenchmarkStore(
      table: network.parameters, configuration: configuration, group: group, pool: pool)
    if parts.isFirstOfStore {
      initialise(
        network.parameters, configuration: model, seed: configuration.train.seed, into: parts.store.memory.master)
    }
    let weights = Self.classWeights(configuration.loss.classWeights, classCount: model.classes)
    computation = GradientComputation(
      network: network, memory: parts.store.memory, buffers: parts.gradientBuffers, plan: parts.plan,
      trainer: group.rank, classWeights: weights, ignoreLabel: 255, pool: pool)
    normaliser = LossNormaliser(
      normalization: configuration.loss.normalization, classWeights: weights, ignoreLabel: 255,
      globalBatch: parts.plan.globalBatch)
    samples = SyntheticSamples.make(
      parts.plan.positions(ofTrainer: group.rank), height: size.height, width: size.width, channels: model.channels,
      classes: model.classes)
    memory = try MemoryStream(count: network.parameters.floatCount / group.size, pool: pool)
    let plan = try network.plan(
      images: parts.plan.micro, height: size.height, width: size.width, training: true)
    implementations = plan.implementations
    layers = try LayerBenchmark(
      plan, memory: parts.store.memory, gradient: parts.gradientBuffers[0], group: group)
    try parts.exchange.waitForMachine()
    try prepare()
  }

  private static func classWeights(_ wish: Configuration.Loss.ClassWeights, classCount: Int) -> [Float] {
    if case .values(let values) = wish, values.count == classCount { return values }
    return [Float](repeating: 1, count: classCount)
  }

  package var parameterCount: Int { network.parameters.canonicalCount }
  /// Slots of the rank that has most: as often its layers run in a step.
  package var slotCount: Int {
    (0..<parts.group.size).map { parts.plan.slots(ofTrainer: $0).count }.max() ?? 0
  }
  package var updateByteCount: Int { parts.updateByteCount }
  package var streamByteCount: Int { memory.byteCount * parts.group.size }

  /// A step, then every layer alone, then a pass over memory.
  ///
  /// - Important: Collective.
  package func run(_ round: Round) throws {
    try parts.group.barrier()
    try round.time(Self.step) { try step(round, Self.parts) }
    try layers.run(round)
    try parts.group.barrier()
    try round.time(Self.stream) {
      memory.run()
      try parts.group.barrier()
    }
  }

  package static let safe = "safe step"
  package static let safetyParts = ["digests", "checksums", "heartbeats"]

  /// - Parameter folder: that all ranks see, for the watchdog.
  /// - Important: Collective.
  package func safetyMeasures(folder: String) throws -> SafetyMeasures {
    let pixels = samples.reduce(0) { $0 + $1.pixels.count + $1.labels.count }
    return try SafetyMeasures(parts, sampleByteCount: pixels, folder: folder)
  }

  /// A step without what is done for safety, and one with it.
  ///
  /// - Important: Collective.
  package func run(_ round: Round, safety: SafetyMeasures) throws {
    try parts.group.barrier()
    try round.time(Self.step) { try step(Round(), Self.parts) }
    // Steps without it leave other parameters than were sealed.
    safety.seal()
    safety.begin()
    try parts.group.barrier()
    try round.time(Self.safe) { try step(Round(), Self.parts, safety: safety) }
    round.note(Self.safetyParts[0], safety.digestSeconds)
    round.note(Self.safetyParts[1], safety.checksumSeconds)
    round.note(Self.safetyParts[2], safety.heartbeatSeconds)
  }

  /// Do steps exchange gradients while they compute others?
  var overlaps: Bool {
    get { parts.exchange.overlaps }
    set { parts.exchange.overlaps = newValue }
  }
  package var machineCount: Int { parts.topology.machines.count }

  /// What `Trainer.step` does, without a loader.
  ///
  /// - Parameter names: what the times of its three parts are called.
  /// - Important: Collective.
  func step(_ round: Round, _ names: [String], safety: SafetyMeasures? = nil) throws {
    index += 1
    safety?.heartbeat("loading samples", step: index)
    safety?.checkSamples()
    safety?.heartbeat("computing gradients", step: index)
    let divisor = try normaliser.divisor(of: samples, over: parts.group)
    parts.exchange.begin()
    let losses = try round.time(names[0]) {
      try computation.run(samples, scale: Float(1 / divisor), release: parts.exchange.release)
    }
    safety?.heartbeat("summing gradients", step: index, isWaiting: true)
    let (gradient, ballot) = try round.time(names[1]) {
      let gradient = try parts.exchange.finish()
      try safety?.verify(step: index)
      let ballot = try Ballot(
        losses: losses, slotCount: parts.plan.slotCount, chunkNorms: parts.exchange.chunkNorms(of: gradient),
        isStopRequested: false, computeSeconds: 0, over: parts.group)
      return (gradient, ballot)
    }
    guard ballot.isFinite else {
      throw Failure(
        .badData, "step \(index): the loss or the gradient is not finite", remedy: "lower optimizer.learning_rate")
    }
    safety?.heartbeat("updating parameters", step: index)
    // Noise teaches nothing: the rate is so small that no number of steps leads anywhere.
    try round.time(names[2]) {
      let clip = configuration.optimizer.gradientClip ?? .infinity
      let norm = ballot.gradientNorm
      parts.optimizer.update(
        parts.exchange.slice, of: network.parameters, master: parts.store.memory.master,
        slots: parts.store.optimizerSlots, gradient: gradient, gradientScale: norm > clip ? Float(clip / norm) : 1,
        learningRate: 1e-7, step: index, pool: parts.pool)
      try parts.exchange.publish()
      safety?.seal()
      try prepare()
    }
  }

  private func prepare() throws {
    let machine = parts.topology.machines[parts.topology.machineOfTrainer[parts.group.rank]]
    network.prepare(
      parts.store.memory, piece: parts.topology.localIndex(of: parts.group.rank), of: machine.count)
    try parts.exchange.waitForMachine()
  }
}
