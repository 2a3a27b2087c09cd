import Basics
import Collectives
import Exchange
import Instances
import Kernels
import Model
import SegmentationData
import Training
import TrainingConfiguration

/// Whole training steps on samples in memory, and beside them what bounds them: the layers run alone, and the update at
/// the speed of memory.
package final class StepBenchmark {
  package static let step = "step"
  package static let parts = ["compute", "exchange", "update"]
  package static let evaluation = "evaluation"
  package static let stream = "memory stream"

  package let network: Network
  /// What it took until the first step could begin; part after part, on the slowest rank.
  package let start: [(name: String, seconds: Double)]
  /// After the first step, when everything has been touched.
  package let memoryUse: MemoryUse
  package let layers: LayerBenchmark
  package let implementations: [(operation: String, implementation: String)]
  private let parts: BenchmarkStore
  private let configuration: Configuration
  private let computation: GradientComputation
  private let normaliser: LossNormaliser
  private let samples: [Sample]
  private let size: (height: Int, width: Int)
  private let memory: MemoryStream
  private var index = 0
  private let evaluatedPixels: [Float]
  private var predictions: [UInt16]
  /// Where the network finds instances.
  private let detector: InstanceDetector?

  /// - Parameters:
  ///   - configuration: with classes and channels.
  ///   - size: of the images.
  /// - Important: Collective over `group`.
  package init(
    _ configuration: Configuration, size: (height: Int, width: Int), backend: any Backend, group: any ProcessGroup
  ) throws {
    self.configuration = configuration
    self.size = size
    var phases = StartPhases()
    let model = try ModelConfiguration(configuration.model)
    let frozen = try LayerChoice(configuration.optimizer, model: model).frozen
    let network = try phases.time("choosing layouts") {
      try Network(
        model, backend: backend, reference: (configuration.batch.micro, size.height, size.width),
        frozen: Set(frozen))
    }
    self.network = network
    let pool = try WorkerPool(threadCount: backend.threadCount)
    let parts = try phases.time("taking memory") {
      try BenchmarkStore(table: network.parameters, configuration: configuration, group: group, pool: pool)
    }
    self.parts = parts
    try phases.time("initialising") {
      Initialisation(network.parameters, configuration: model, seed: configuration.train.seed).run(
        share: parts.localIndex, of: parts.machine.count, into: parts.store.memory.master, pool: pool)
      try parts.exchange.waitForMachine()
    }
    try phases.time("preparing weights") { try parts.exchange.prepare(network) }
    let plan = try phases.time("planning") {
      try network.plan(images: parts.plan.micro, height: size.height, width: size.width, training: true)
    }
    start = try phases.slowest(over: group)
    detector = model.architecture.task == .instances ? InstanceDetector(model.detection) : nil
    let weights = Self.classWeights(configuration.loss.classWeights, classCount: model.classes)
    computation = GradientComputation(
      network: network, memory: parts.store.memory, buffers: parts.gradientBuffers, plan: parts.plan,
      trainer: group.rank,
      objective: TrainingObjectives.make(model, configuration, classWeights: weights, ignoreLabel: 255, pool: pool),
      pool: pool)
    normaliser = LossNormaliser(
      task: model.architecture.task, normalization: configuration.loss.normalization, classWeights: weights,
      ignoreLabel: 255,
      globalBatch: parts.plan.globalBatch)
    samples = SyntheticSamples.make(
      parts.plan.positions(ofTrainer: group.rank), task: model.architecture.task, height: size.height,
      width: size.width, channels: model.channels, classes: model.classes)
    _ = try computation.run(samples, scale: 1e-6)
    memoryUse = try MemoryUse(gradientBufferByteCount: 4 * network.parameters.floatCount, store: parts, over: group)
    memory = try MemoryStream(count: network.parameters.floatCount / group.size, pool: pool)
    implementations = plan.implementations
    let evaluated = EvaluationBatch.imageCount(height: size.height, width: size.width, atLeast: parts.plan.micro)
    evaluatedPixels = [Float](repeating: 0.5, count: evaluated * size.height * size.width * model.channels)
    predictions = [UInt16](repeating: 0, count: evaluated * size.height * size.width)
    layers = try LayerBenchmark(
      plan, memory: parts.store.memory, gradient: parts.gradientBuffers[0], group: group)
  }

  private static func classWeights(_ wish: Configuration.Loss.ClassWeights, classCount: Int) -> [Float] {
    if case .values(let values) = wish, values.count == classCount { return values }
    return [Float](repeating: 1, count: classCount)
  }

  package var parameterCount: Int { network.parameters.canonicalCount }
  /// Micro-batches of the rank that has most: as often its layers run in a step.
  package var microBatchCount: Int {
    (0..<parts.group.size).map { parts.plan.microBatches(ofTrainer: $0).count }.max() ?? 0
  }
  package var updateByteCount: Int { parts.updateByteCount }
  package var streamByteCount: Int { memory.byteCount * parts.group.size }

  /// A step, then every layer alone, then a pass over memory.
  ///
  /// - Important: Collective.
  package func run(_ round: Round) throws {
    try parts.group.barrier()
    try round.time(Self.step) { try step(round, Self.parts) }
    try parts.group.barrier()
    try round.time(Self.evaluation) { try evaluate() }
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
    safety.startCounting()
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
    parts.exchange.beginStep()
    let losses = try round.time(names[0]) {
      try computation.run(samples, scale: Float(1 / divisor), release: parts.exchange.release)
    }
    safety?.heartbeat("summing gradients", step: index, isWaiting: true)
    let (gradient, reduction) = try round.time(names[1]) {
      let gradient = try parts.exchange.finish()
      try safety?.verify(step: index)
      let reduction = try StepReduction(
        losses: losses, partCount: losses.first?.parts.count ?? 1, microBatchCount: parts.plan.microBatchCount,
        chunkNorms: parts.exchange.chunkNorms(of: gradient),
        isStopRequested: false, computeSeconds: 0, over: parts.group)
      return (gradient, reduction)
    }
    guard reduction.isFinite else {
      throw Failure(
        .badData, "step \(index): the loss or the gradient is not finite", remedy: "lower optimizer.learning_rate")
    }
    safety?.heartbeat("updating parameters", step: index)
    // Noise teaches nothing: the rate is so small that no number of steps leads anywhere.
    try round.time(names[2]) {
      parts.optimizer.update(
        parts.exchange.slices, of: network.parameters, master: parts.store.memory.master,
        optimizerState: parts.store.optimizerState, gradient: gradient,
        gradientScale: configuration.optimizer.gradientScale(norm: reduction.gradientNorm),
        learningRate: 1e-7, step: index, pool: parts.pool)
      try parts.exchange.publish()
      safety?.seal()
      try parts.exchange.prepare(network)
    }
  }

  /// Images that an evaluation takes through the network at once.
  package var evaluatedImages: Int {
    EvaluationBatch.imageCount(height: size.height, width: size.width, atLeast: parts.plan.micro)
  }

  /// What an evaluation does with some images, without reading them.
  private func evaluate() throws {
    let plan = try network.plan(images: evaluatedImages, height: size.height, width: size.width, training: false)
    if let detector {
      let sizes = (0..<evaluatedImages).map { _ in InstanceDetector.ImageSize(original: size, resized: size) }
      _ = detector.detect(plan, evaluatedPixels, parts.store.memory, sizes: sizes)
      return
    }
    plan.forward(evaluatedPixels, parts.store.memory, dropoutKeys: nil)
    predictions.withUnsafeMutableBufferPointer { if let base = $0.baseAddress { plan.classes(into: base) } }
  }
}

/// The parts of a start, timed one after the other.
private struct StartPhases {
  private var names: [String] = []
  private var seconds: [Double] = []

  mutating func time<T>(_ name: String, _ body: () throws -> T) rethrows -> T {
    let watch = Stopwatch()
    defer {
      names.append(name)
      seconds.append(watch.seconds)
    }
    return try body()
  }

  /// - Important: Collective.
  func slowest(over group: any ProcessGroup) throws -> [(name: String, seconds: Double)] {
    var seconds = seconds
    try group.allReduce(&seconds, .maximum)
    return Array(zip(names, seconds)).map { (name: $0.0, seconds: $0.1) }
  }
}
