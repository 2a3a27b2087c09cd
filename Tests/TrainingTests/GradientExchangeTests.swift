import Basics
import CVector
import Collectives
import Exchange
import Kernels
import Model
import Testing
import Training
import TrainingConfiguration

/// The sum of the micro-batches' gradients, and the parameters after an update, must be the same bits for any number of
/// trainers on any number of machines.
@Suite struct GradientExchangeTests {
  static let microBatchCount = 6

  static func network() throws -> Network {
    // Wide enough for several chunks, so that every trainer owns something.
    try Network(
      ModelConfiguration(widths: [4, 4, 4, 8, 16], fc: 96, classes: 3, channels: 3),
      backend: try PortableBackend(precision: .float32, threads: 1), reference: (1, 32, 32))
  }

  static func gradient(ofMicroBatch microBatch: Int, count: Int) -> [Float] {
    var generator = Philox(seed: 3, purpose: .test, stream: UInt64(microBatch))
    return (0..<count).map { _ in generator.next(in: -1...1) * (microBatch % 2 == 0 ? 1 : 1e-3) }
  }

  struct Outcome: Sendable, Equatable {
    var sum: [UInt32]
    var norms: [Double]
    var master: [UInt32]
    var momentum: [UInt32]
  }

  /// What trainer 0 holds at the end.
  static func run(
    trainers: Int, ranksPerMachine: Int, isShared: Bool,
    settings: Configuration.Distributed = Configuration().distributed
  ) throws -> Outcome {
    let outcomes = try ThreadProcessGroup.run(ranks: trainers, ranksPerMachine: ranksPerMachine) { group in
      let network = try Self.network()
      let count = network.parameters.floatCount
      let machine: any ProcessGroup = isShared ? try group.nodeGroup() : SoloProcessGroup()
      let topology =
        isShared ? try Topology.discovered(by: group, on: machine) : Topology.separate(trainerCount: trainers)
      let plan = MicroBatchPlan(
        globalBatch: Self.microBatchCount, micro: 1, trainerCount: trainers, roundedParts: settings.roundedParts)
      let store = try ParameterStore(
        table: network.parameters, optimizerStateNames: ["momentum"],
        bufferCounts: plan.bufferCounts(ofTrainers: topology.neighbours(of: group.rank)), machine: machine)
      let exchange = try GradientExchange(
        plan: plan, topology: topology, store: store, group: group, machine: machine,
        pool: try WorkerPool(threadCount: 1), settings: settings)
      let buffers = store.gradientBuffers[topology.localIndex(of: group.rank)]
      for step in plan.accumulation(ofTrainer: group.rank).steps {
        buffers[step.buffer].update(from: Self.gradient(ofMicroBatch: step.microBatch, count: count), count: count)
        for operation in step.operations { operation.apply(to: buffers, 0..<count) }
      }
      exchange.beginStep()
      // As a backward pass does, and a rank without micro-batches not at all.
      if !plan.microBatches(ofTrainer: group.rank).isEmpty {
        for element in stride(from: count, to: 0, by: -9973) { exchange.release(from: element) }
      }
      let sum = try exchange.finish()
      var norms = exchange.chunkNorms(of: sum)
      try group.allReduce(&norms, .sum)
      // The sum of every slice, brought together for the comparison.
      var whole = [Double](repeating: 0, count: count)
      for i in exchange.slices.joined() { whole[i] = Double(sum[i]) }
      try group.allReduce(&whole, .sum)
      Optimizer(rule: .sgd(momentum: 0.9), weightDecay: 0.01, biasWeightDecay: 0, biasLearningRateMultiplier: 2)
        .update(
          exchange.slices, of: network.parameters, master: store.memory.master, optimizerState: store.optimizerState,
          gradient: sum, gradientScale: 0.5, learningRate: 0.1, step: 1, pool: try WorkerPool(threadCount: 1))
      try exchange.publish()
      try exchange.gatherState()
      func bits(_ values: UnsafePointer<Float>) -> [UInt32] { (0..<count).map { values[$0].bitPattern } }
      let outcome = Outcome(
        sum: whole.map { Float($0).bitPattern }, norms: norms, master: bits(store.memory.master),
        momentum: bits(store.optimizerState[0]))
      try group.barrier()
      return outcome
    }
    for other in outcomes.dropFirst() { #expect(other == outcomes[0], "trainers disagree") }
    return outcomes[0]
  }

  @Test(arguments: [
    (1, 1, true), (2, 2, true), (2, 1, true), (3, 3, true), (3, 2, true), (4, 2, true), (5, 3, true), (5, 2, true),
    (7, 4, true), (8, 8, true), (2, 2, false), (3, 3, false), (5, 5, false),
  ])
  func anyNumberOfTrainersAndMachinesGivesTheSameBits(
    trainers: Int, ranksPerMachine: Int, isShared: Bool
  ) throws {
    let expected = try Self.run(trainers: 1, ranksPerMachine: 1, isShared: false)
    #expect(try Self.run(trainers: trainers, ranksPerMachine: ranksPerMachine, isShared: isShared) == expected)
  }

  typealias Overlap = Configuration.Distributed.Overlap

  @Test(arguments: [
    (2, 1, true), (2, 2, true), (3, 2, true), (5, 2, true), (7, 4, true), (8, 8, true), (9, 3, true), (3, 3, false),
  ])
  func overlapAndBucketsChangeNothing(trainers: Int, ranksPerMachine: Int, isShared: Bool) throws {
    let expected = try Self.run(trainers: 1, ranksPerMachine: 1, isShared: false)
    for (overlap, bucket) in [(Overlap.always, 10_007), (.always, 1 << 30), (.never, 10_007)] {
      var settings = Configuration().distributed
      settings.overlap = overlap
      settings.bucket = bucket
      let outcome = try Self.run(
        trainers: trainers, ranksPerMachine: ranksPerMachine, isShared: isShared, settings: settings)
      #expect(outcome == expected, "overlap \(overlap), bucket \(bucket)")
    }
  }

  /// With bfloat16 on the wire the parts of the batch are rounded, not what happens to be sent.
  @Test(arguments: [1, 2, 4, 8])
  func roundingDoesNotDependOnTheMachines(parts: Int) throws {
    var settings = Configuration().distributed
    settings.wire = .bfloat16
    settings.wireParts = parts
    let expected = try Self.run(trainers: 1, ranksPerMachine: 1, isShared: false, settings: settings)
    #expect(try Self.run(trainers: 1, ranksPerMachine: 1, isShared: false) != expected, "nothing was rounded")
    for (trainers, ranksPerMachine) in [(2, 1), (2, 2), (3, 1), (4, 2), (5, 2), (6, 1), (8, 3)] {
      for overlap in [Overlap.always, .never] {
        settings.overlap = overlap
        settings.bucket = 20_011
        let outcome = try Self.run(
          trainers: trainers, ranksPerMachine: ranksPerMachine, isShared: true, settings: settings)
        #expect(outcome == expected, "\(trainers) trainers, \(ranksPerMachine) a machine, overlap \(overlap)")
      }
    }
  }

  @Test func eachPartIsRoundedOnce() throws {
    var settings = Configuration().distributed
    settings.wire = .bfloat16
    let count = try Self.network().parameters.floatCount
    let g = (0..<6).map { Self.gradient(ofMicroBatch: $0, count: count) }
    func rounded(_ value: Float) -> Float {
      var value = [value]
      cvector_round_to_bfloat16(&value, 1)
      return value[0]
    }
    let outcome = try Self.run(trainers: 2, ranksPerMachine: 1, isShared: true, settings: settings)
    for i in stride(from: 0, to: count, by: 97) {
      let expected = rounded((g[0][i] + g[1][i]) + (g[2][i] + g[3][i])) + rounded(g[4][i] + g[5][i])
      #expect(outcome.sum[i] == expected.bitPattern)
    }
  }

  @Test func theSumIsTheTreesSum() throws {
    let count = try Self.network().parameters.floatCount
    let g = (0..<6).map { Self.gradient(ofMicroBatch: $0, count: count) }
    let outcome = try Self.run(trainers: 3, ranksPerMachine: 2, isShared: true)
    for i in stride(from: 0, to: count, by: 97) {
      let expected = ((g[0][i] + g[1][i]) + (g[2][i] + g[3][i])) + (g[4][i] + g[5][i])
      #expect(outcome.sum[i] == expected.bitPattern)
    }
  }
}
