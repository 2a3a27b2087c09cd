import Basics
import CVector
import Collectives
import Exchange
import Kernels
import Model
import Testing
import TrainingConfiguration
import Training

/// In bfloat16 trainings other machines get the parameters that they compute with as bfloat16 numbers.
@Suite struct ParameterPublicationTests {
  struct Outcome: Sendable, Equatable {
    var published: [UInt32] = []
    var computeCopies: [UInt8] = []
    var gathered: [UInt32] = []
    var released: [UInt32] = []
    var digests: [UInt64] = []
  }

  static func truth(count: Int) -> [Float] {
    var generator = Philox(seed: 9, purpose: .test, stream: 1)
    return (0..<count).map { _ in generator.next(in: -1...1) }
  }

  static func network(_ precision: Precision) throws -> Network {
    try Network(
      ModelConfiguration(widths: [4, 4, 4, 8, 16], fc: 96, classes: 3, channels: 3),
      backend: try PortableBackend(precision: precision, threads: 1), reference: (1, 32, 32))
  }

  static func run(trainers: Int, ranksPerMachine: Int, precision: Precision) throws -> [Outcome] {
    try ThreadProcessGroup.run(ranks: trainers, ranksPerMachine: ranksPerMachine) { group in
      let network = try Self.network(precision)
      let table = network.parameters
      let machine: any ProcessGroup = try group.nodeGroup()
      let topology = try Topology.discovered(by: group, on: machine)
      let plan = MicroBatchPlan(globalBatch: trainers, micro: 1, trainerCount: trainers)
      let store = try ParameterStore(
        table: table, optimizerStateNames: ["momentum"],
        bufferCounts: plan.bufferCounts(ofTrainers: topology.neighbours(of: group.rank)), machine: machine)
      var settings = Configuration().distributed
      settings.bucket = 70_000
      let exchange = try GradientExchange(
        plan: plan, topology: topology, store: store, group: group, machine: machine,
        pool: try WorkerPool(threadCount: 1), settings: settings)
      // Gaps between parameters stay zero, as they do in a training.
      let truth = Self.truth(count: table.floatCount)
      for range in table.parameters.map(\.range) {
        for slice in exchange.slices.map({ $0.clamped(to: range) }) {
          for i in slice { store.memory.master[i] = truth[i] }
        }
      }
      func bits() -> [UInt32] { (0..<table.floatCount).map { store.memory.master[$0].bitPattern } }
      var outcome = Outcome()
      try exchange.publish()
      outcome.published = bits()
      try exchange.prepare(network)
      outcome.computeCopies = Array(
        UnsafeRawBufferPointer(start: store.memory.prepared, count: table.preparedByteCount))
      outcome.digests = (0..<exchange.ownership.layout.chunkCount).map { exchange.publishedDigest(ofChunk: $0) }
      try group.barrier()
      try exchange.gatherState()
      outcome.gathered = bits()
      try exchange.releaseState()
      outcome.released = bits()
      try group.barrier()
      return outcome
    }
  }

  @Test(arguments: [(2, 1), (2, 2), (3, 1), (4, 2), (5, 2), (5, 3), (8, 3)])
  func computeCopiesAndMasterAreThoseOfOneMachine(trainers: Int, ranksPerMachine: Int) throws {
    for precision in [Precision.float32, .bfloat16] {
      let expected = try Self.run(trainers: 1, ranksPerMachine: 1, precision: precision)[0]
      let outcomes = try Self.run(trainers: trainers, ranksPerMachine: ranksPerMachine, precision: precision)
      for outcome in outcomes {
        #expect(outcome.computeCopies == expected.computeCopies)
        #expect(outcome.gathered == expected.gathered)
        #expect(outcome.released == outcome.published)
        #expect(outcome.digests == outcomes[0].digests)
      }
      let isRounded = precision == .bfloat16 && trainers > ranksPerMachine
      #expect((outcomes[0].published != expected.published) == isRounded)
    }
  }

  @Test func piecesEndWhereTheFormChanges() {
    let pieces = ParameterPublication.pieces(of: 10..<100, roundedRanges: [0..<20, 30..<40, 90..<200])
    #expect(pieces.map(\.elements) == [10..<20, 20..<30, 30..<40, 40..<90, 90..<100])
    #expect(pieces.map(\.isRounded) == [true, false, true, false, true])
    #expect(pieces.map(\.byteCount) == [20, 40, 20, 200, 20])
    #expect(ParameterPublication.pieces(of: 5..<5, roundedRanges: [0..<20]).isEmpty)
  }
}
