import Basics
import Kernels
import Model
import Testing

@Suite struct PlanTests {
  static let kinds: [(Architecture, Geometry)] = Architecture.allCases.filter {
    $0.task != .instances
  }.flatMap { architecture in
    architecture.geometries.filter { $0 != .valid }.map { (architecture, $0) }
  }

  @Test(arguments: kinds) func logitsAreAsLargeAsTheImage(_ architecture: Architecture, _ geometry: Geometry) throws {
    let backend = try PortableBackend(precision: .float32, threads: 2)
    let harness = try ModelHarness(.tiny(architecture, geometry), backend: backend, reference: (1, 32, 32))
    try harness.randomiseScores()
    for (height, width) in [(1, 1), (1, 40), (2, 3), (17, 31), (32, 32), (33, 65), (50, 7)] {
      let logits = try harness.logits(
        modelRandom(height * width * 2, stream: 1), height: height, width: width)
      #expect(logits.count == (architecture.task == .classification ? 3 : height * width * 3))
      #expect(logits.allSatisfy { $0.isFinite })
      #expect(Set(logits).count > min(2, logits.count - 1))
    }
  }

  @Test func anImageWithoutPixelsIsRefused() throws {
    let backend = try PortableBackend(precision: .float32, threads: 1)
    let network = try Network(.tiny(), backend: backend, reference: (1, 32, 32))
    for (height, width) in [(0, 5), (5, 0), (-1, 3)] {
      #expect {
        try network.plan(images: 1, height: height, width: width, training: false)
      } throws: { error in
        (error as? Failure)?.kind == .badData
          && (error as? Failure)?.message.contains("\(height) x \(width)") == true
      }
    }
  }

  /// Sizes in turn, on one network, give the bits of a network of their own.
  @Test(arguments: kinds) func mixedSizesDoNotDisturbEachOther(
    _ architecture: Architecture, _ geometry: Geometry
  ) throws {
    let configuration = ModelConfiguration.tiny(architecture, geometry)
    func makeHarness() throws -> ModelHarness {
      let backend = try PortableBackend(precision: .float32, threads: 1)
      let harness = try ModelHarness(configuration, backend: backend, reference: (1, 32, 32), planCapacity: 2)
      try harness.randomiseScores()
      return harness
    }
    let shared = try makeHarness()
    for (images, height, width) in [(1, 9, 14), (1, 40, 33), (2, 9, 14), (1, 9, 14), (1, 5, 5), (1, 40, 33)] {
      let batch = Batch(images: images, height: height, width: width, configuration: configuration)
      let own = try makeHarness()
      let loss = try own.loss(batch, withGradient: true)
      #expect(try shared.loss(batch, withGradient: true) == loss)
      for parameter in shared.network.parameters.parameters {
        #expect(
          shared.canonical(parameter.name, in: shared.gradient) == own.canonical(parameter.name, in: own.gradient))
      }
      // Image by image: the same losses of rows, added up in another order.
      let withoutGradient = try shared.loss(batch, withGradient: false)
      #expect(abs(withoutGradient - loss) <= 1e-13 * abs(loss))
    }
  }

  @Test func plansAreKeptUpToTheCapacity() throws {
    let backend = try PortableBackend(precision: .float32, threads: 1)
    let network = try Network(.tiny(), backend: backend, reference: (1, 32, 32), planCapacity: 2)
    func plan(_ height: Int, training: Bool = true) throws -> Plan {
      try network.plan(images: 1, height: height, width: 8, training: training)
    }
    let first = try plan(8)
    let second = try plan(9)
    #expect(try plan(8) === first)
    _ = try plan(10)
    #expect(try plan(8) === first)
    #expect(try plan(9) !== second)
    #expect(try plan(9, training: false) !== plan(9))
  }

  @Test func aBatchIsItsImages() throws {
    let configuration = ModelConfiguration.tiny()
    let backend = try PortableBackend(precision: .float32, threads: 2)
    let harness = try ModelHarness(configuration, backend: backend, reference: (1, 32, 32))
    try harness.randomiseScores()
    let batch = Batch(images: 3, height: 19, width: 22, configuration: configuration)
    let together = try harness.logits(batch.pixels, images: 3, height: 19, width: 22, training: true)
    let count = 19 * 22 * 2
    let apart = try (0..<3).flatMap {
      try harness.logits(Array(batch.pixels[$0 * count..<($0 + 1) * count]), height: 19, width: 22)
    }
    #expect(together == apart)
  }

  @Test func everyGradientIsReadyOnceAndComplete() throws {
    for upsampling in Upsampling.allCases {
      let configuration = ModelConfiguration.tiny(upsampling: upsampling)
      let backend = try PortableBackend(precision: .float32, threads: 1)
      let harness = try ModelHarness(configuration, backend: backend, reference: (1, 32, 32))
      try harness.randomiseScores()
      let table = harness.network.parameters
      let batch = Batch(height: 20, width: 24, configuration: configuration)
      let plan = try harness.network.plan(images: 1, height: 20, width: 24, training: true)
      // Gaps and everything else must be overwritten.
      harness.gradient.floats().update(repeating: .nan, count: table.floatCount)
      var ready: [Range<Int>] = []
      var snapshots: [[Float]] = []
      plan.forward(batch.pixels, harness.memory, dropoutKeys: nil)
      plan.backward(
        labels: batch.labels, classWeights: batch.classWeights, ignoreLabel: 255, scale: 1,
        into: harness.gradient.floats()
      ) { range in
        ready.append(range)
        snapshots.append(range.map { harness.gradient.floats()[$0] })
      }
      #expect(ready.sorted { $0.lowerBound < $1.lowerBound } == table.parameters.map(\.range))
      #expect(ready.first == table.parameters.last?.range)
      for (range, snapshot) in zip(ready, snapshots) {
        #expect(snapshot == range.map { harness.gradient.floats()[$0] })
        #expect(snapshot.allSatisfy { $0.isFinite })
      }
      let ranges = table.parameters.map(\.range)
      for (range, next) in zip(ranges, ranges.dropFirst()) {
        for gap in range.upperBound..<next.lowerBound { #expect(harness.gradient.floats()[gap] == 0) }
      }
      for parameter in table.parameters {
        let gradient = harness.canonical(parameter.name, in: harness.gradient)
        #expect(gradient.contains { $0 != 0 } == parameter.isUpdated, "\(parameter.name)")
      }
    }
  }

  @Test func everyPieceOfThePreparationCounts() throws {
    for precision in Precision.allCases {
      let backend = try PortableBackend(precision: precision, threads: 1)
      let harness = try ModelHarness(.tiny(), backend: backend, reference: (1, 32, 32))
      let count = harness.network.parameters.preparedByteCount
      func prepared(inPieces pieces: Int) -> [UInt8] {
        harness.prepared.base.initializeMemory(as: UInt8.self, repeating: 0xFF, count: count)
        for piece in (0..<pieces).reversed() { harness.network.prepare(harness.memory, piece: piece, of: pieces) }
        return Array(UnsafeRawBufferPointer(start: harness.prepared.base, count: count))
      }
      let whole = prepared(inPieces: 1)
      for pieces in [2, 3, 7, 200] { #expect(prepared(inPieces: pieces) == whole) }
    }
  }

  /// FCN-8s at full width on one CamVid image. Plans reserve address space: nothing here is touched.
  @Test func plansAreLean() throws {
    let backend = try PortableBackend(precision: .bfloat16, threads: 1)
    let network = try Network(ModelConfiguration(classes: 11), backend: backend, reference: (1, 360, 480))
    let training = try network.plan(images: 1, height: 360, width: 480, training: true)
    let inference = try network.plan(images: 1, height: 360, width: 480, training: false)
    // conv1_1's and conv1_2's maps alone are 88 MB in the portable backend's float32, twice the 44 of bfloat16.
    #expect(training.activationByteCount < 160_000_000)
    #expect(inference.activationByteCount < 100_000_000)
    #expect(training.implementations.map(\.operation).last == "upscore8")
    #expect(training.implementations.count == 21)
  }
}
