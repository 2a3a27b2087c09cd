import Basics
import Benchmarks
import Collectives
import Exchange
import Foundation
import Kernels
import Model
import Training
import TrainingConfiguration

/// Measures for a few seconds what a step is made of: a micro-batch's forward and backward pass on every trainer at
/// once, the memory, and the exchange between machines.
struct SpeedProbe {
  let workload: Workload
  let world: any ProcessGroup

  /// What one rank measured.
  private struct Part: Codable {
    var microBatchSeconds = 0.0
    var isWholeMicroBatch = true
    var memoryBytesPerSecond = 0.0
    var exchangeBytesPerSecond = 0.0
    var problem: Problem?
  }

  /// A micro-batch that takes longer is not run; its time is taken from that of a layer.
  private static let longestMicroBatchSeconds = 5.0
  private static let exchangeCount = 4 << 20

  /// - Returns: nil on all ranks but the first.
  /// - Important: Collective over the world. Of one rank that finds no memory, all hear.
  func run() throws -> Result<SpeedFacts, Problem.Caught>? {
    let trainers = try world.subgroup(color: workload.isTrainer ? 0 : nil)
    var part: Part?
    if let trainers { part = try measure(over: trainers) }
    let letters = try world.allGather(Array(try JSONEncoder().encode(part)))
    let parts = try letters.map { try JSONDecoder().decode(Part?.self, from: Data($0)) }.compactMap { $0 }
    let machines = try world.machineCount()
    guard world.isCoordinator else { return nil }
    if let problem = parts.lazy.compactMap(\.problem).first { return .failure(Problem.Caught(problem: problem)) }
    return .success(facts(parts, machines: machines))
  }

  /// - Important: Collective over the trainers.
  private func measure(over trainers: any ProcessGroup) throws -> Part {
    var part = Part()
    let machine: any ProcessGroup =
      workload.facts.sharesStore ? try trainers.nodeGroup() : SoloProcessGroup()
    let made = Problem.catching {
      try ParameterStore(
        table: workload.network.parameters, optimizerStateNames: [],
        bufferCounts: [Int](repeating: 1, count: machine.size), machine: machine)
    }
    // The ranks of a machine all have the store or none has.
    part.problem = made.problem
    let isPossible = try trainers.allReduce(made.value == nil ? 0 : 1, .minimum) == 1
    if let store = made.value, isPossible {
      let gradient = store.gradientBuffers[machine.rank][0]
      let predicted = Problem.catching { try layerPrediction(store.memory) }
      part.problem = predicted.problem
      var longest = [predicted.value ?? .infinity]
      try trainers.allReduce(&longest, .maximum)
      // What finds things does different work on different images, and there are none here.
      let isEqualWork = workload.network.configuration.architecture.task != .instances
      part.isWholeMicroBatch = isEqualWork && longest[0] <= Self.longestMicroBatchSeconds
      part.microBatchSeconds =
        part.isWholeMicroBatch ? try microBatchSeconds(store.memory, gradient, trainers) : longest[0]
    }
    part.memoryBytesPerSecond = try memorySpeed(over: trainers)
    part.exchangeBytesPerSecond = try exchangeSpeed(over: trainers)
    if machine.size > 1 { try machine.close() }
    return part
  }

  /// The time of a micro-batch at the speed of one layer, the one with the least work of those that matter.
  private func layerPrediction(_ memory: ParameterMemory) throws -> Double {
    let layers = workload.plan.layerOperations
    let most = layers.map(\.multiplicationCount).max() ?? 0
    let candidates = layers.filter { $0.multiplicationCount * 10 >= most }
    guard let layer = candidates.min(by: { $0.multiplicationCount < $1.multiplicationCount }) else { return .infinity }
    let source = try MemoryRegion(byteCount: 4 * layer.operation.source.count)
    let destination = try MemoryRegion(byteCount: 4 * layer.operation.destination.count)
    let scratch = try MemoryRegion(byteCount: layer.operation.scratchByteCount + 64 << 10)
    var seconds = Double.infinity
    // The first run pays for pages and code.
    for _ in 0..<2 {
      let watch = Stopwatch()
      layer.operation.forward(
        source.base, layer.weights(in: memory), into: destination.base, scratch: scratch.base)
      seconds = min(seconds, watch.seconds)
      if seconds > 1 { break }
    }
    return seconds * Double(workload.facts.multiplicationCount) / Double(max(1, layer.multiplicationCount))
  }

  /// - Important: Collective over the trainers.
  private func microBatchSeconds(
    _ memory: ParameterMemory, _ gradient: UnsafeMutablePointer<Float>, _ trainers: any ProcessGroup
  ) throws -> Double {
    let plan = workload.plan
    let pixelCount = plan.images * plan.height * plan.width
    let pixels = (0..<pixelCount * workload.network.configuration.channels).map { Float($0 % 17) / 8 - 1 }
    let labels = [UInt16](repeating: 0, count: pixelCount)
    let weights = [Float](repeating: 1, count: workload.network.configuration.classes)
    func pass() {
      plan.forward(pixels, memory, dropoutKeys: nil)
      plan.backward(
        labels: labels, classWeights: weights, ignoreLabel: 255, scale: 1 / Float(pixelCount), into: gradient,
        ready: { _ in })
    }
    pass()
    try trainers.barrier()
    let watch = Stopwatch()
    var count = 0
    repeat {
      pass()
      count += 1
    } while watch.seconds < 0.5
    return watch.seconds / Double(count)
  }

  /// Bytes a second of this rank while all ranks stream.
  private func memorySpeed(over trainers: any ProcessGroup) throws -> Double {
    let pool = try WorkerPool(threadCount: workload.network.backend.threadCount)
    guard let stream = try? MemoryStream(count: 0, pool: pool) else { return 0 }
    stream.run()
    try trainers.barrier()
    let watch = Stopwatch()
    stream.run()
    return Double(stream.byteCount) / watch.seconds
  }

  /// Bytes a second of an all-reduce.
  private func exchangeSpeed(over trainers: any ProcessGroup) throws -> Double {
    guard trainers.size > 1 else { return .greatestFiniteMagnitude }
    var values = [Float](repeating: 0, count: Self.exchangeCount)
    var seconds = 0.0
    for _ in 0..<2 {
      try trainers.barrier()
      let watch = Stopwatch()
      try values.withUnsafeMutableBufferPointer { try trainers.allReduce($0, .sum) }
      seconds = watch.seconds
    }
    return Double(4 * Self.exchangeCount) / seconds
  }

  private func facts(_ parts: [Part], machines: Int) -> SpeedFacts {
    let facts = workload.facts
    let microBatchesOfRanks = parts.indices.map { workload.microBatches.microBatches(ofTrainer: $0).count }
    let compute = zip(parts, microBatchesOfRanks).map { $0.microBatchSeconds * Double($1) }.max() ?? 0
    let perMachine = parts.reduce(0) { $0 + $1.memoryBytesPerSecond } / Double(max(1, machines))
    let gradients = parts.count > 1 ? parts.count + 1 : 0
    let moved =
      Double(facts.arenaByteCount) * Double(2 * (1 + facts.optimizerStateCount) + 1 + gradients) / Double(machines)
      + Double(facts.arenaByteCount + facts.preparedByteCount)
    let slowest = parts.map(\.exchangeBytesPerSecond).min() ?? .greatestFiniteMagnitude
    let sent = machines > 1 || !facts.sharesStore && parts.count > 1 ? Double(facts.arenaByteCount) / slowest : 0
    let step = compute + (perMachine > 0 ? moved / perMachine : 0) + sent
    let isMeasured = parts.allSatisfy(\.isWholeMicroBatch)
    return SpeedFacts(
      step: step,
      method: isMeasured
        ? "from one micro-batch's forward and backward pass on all ranks at once, memory and exchange, measured"
        : "from the work of all layers at the speed of one, measured on all ranks at once: a rough guess",
      imagesPerSecond: Double(workload.configuration.batch.global) / step,
      epoch: facts.stepsPerEpoch > 0 ? step * Double(facts.stepsPerEpoch) : nil,
      training: facts.totalSteps > 0 ? step * Double(facts.totalSteps) : nil)
  }
}
