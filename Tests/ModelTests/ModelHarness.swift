import Basics
import Kernels
import Model

/// A network with arenas of its own.
final class ModelHarness {
  let network: Network
  let master: MemoryRegion
  let prepared: MemoryRegion
  let gradient: MemoryRegion
  var memory: ParameterMemory { ParameterMemory(master: master.floats(), prepared: prepared.base) }

  init(
    _ configuration: ModelConfiguration, backend: any Backend, reference: (images: Int, height: Int, width: Int),
    seed: UInt64 = 1, frozen: Set<String> = [], planCapacity: Int = 16
  ) throws {
    network = try Network(
      configuration, backend: backend, reference: reference, frozen: frozen, planCapacity: planCapacity)
    master = try MemoryRegion(byteCount: network.parameters.floatCount * 4)
    prepared = try MemoryRegion(byteCount: max(1, network.parameters.preparedByteCount))
    gradient = try MemoryRegion(byteCount: network.parameters.floatCount * 4)
    let pool = try WorkerPool(threadCount: 2)
    let initialisation = Initialisation(network.parameters, configuration: configuration, seed: seed)
    // In three shares, as three ranks of a machine would.
    for share in 0..<3 { initialisation.run(share: share, of: 3, into: master.floats(), pool: pool) }
    prepare()
  }

  /// In three parts, as three ranks of a machine would.
  func prepare() {
    for piece in 0..<3 { network.prepare(memory, piece: piece, of: 3) }
  }

  /// Score layers start at zero, which hides everything before them: random values instead.
  func randomiseScores() throws {
    for (index, parameter) in network.parameters.parameters.enumerated() where parameter.layer.hasPrefix("score") {
      try parameter.importCanonical(
        modelRandom(parameter.canonicalCount, stream: UInt64(100 + index)).map { $0 * 0.3 }, into: master.floats())
    }
    prepare()
  }

  /// Zero biases put the padding of the image right on the kink of the rectification: random values instead.
  func randomiseScoresAndBiases() throws {
    for (index, parameter) in network.parameters.parameters.enumerated() where parameter.kind == .bias {
      try parameter.importCanonical(
        modelRandom(parameter.canonicalCount, stream: UInt64(200 + index)).map { $0 * 0.2 }, into: master.floats())
    }
    try randomiseScores()
  }

  func canonical(_ name: String, in arena: MemoryRegion) -> [Float] {
    network.parameters[name]?.exportCanonical(from: arena.floats()) ?? []
  }

  func logits(
    _ pixels: [Float], images: Int = 1, height: Int, width: Int, training: Bool = false, dropoutKeys: [UInt64]? = nil
  ) throws -> [Float] {
    let plan = try network.plan(images: images, height: height, width: width, training: training)
    let logits = plan.forward(pixels, memory, dropoutKeys: dropoutKeys)
    return Array(UnsafeBufferPointer(start: logits, count: plan.destination.count))
  }

  func loss(_ batch: Batch, dropoutKeys: [UInt64]? = nil, withGradient: Bool) throws -> Double {
    let plan = try network.plan(images: batch.images, height: batch.height, width: batch.width, training: true)
    plan.forward(batch.pixels, memory, dropoutKeys: dropoutKeys)
    guard withGradient else {
      return batch.labels.withUnsafeBufferPointer { labels in
        (0..<batch.images).reduce(0) { sum, image in
          guard let base = labels.baseAddress else { return sum }
          return sum
            + plan.loss(
              ofImage: image, labels: base + image * batch.labels.count / batch.images,
              classWeights: batch.classWeights,
              ignoreLabel: 255
            ).weightedLoss
        }
      }
    }
    return plan.backward(
      labels: batch.labels, classWeights: batch.classWeights, ignoreLabel: 255, scale: 1, into: gradient.floats()
    ).weightedLoss
  }
}

/// Random images with random labels, every seventh pixel ignored.
struct Batch {
  let images: Int
  let height: Int
  let width: Int
  let pixels: [Float]
  let labels: [UInt16]
  let classWeights: [Float]

  init(images: Int = 1, height: Int, width: Int, configuration: ModelConfiguration, stream: UInt64 = 1) {
    self.images = images
    self.height = height
    self.width = width
    pixels = modelRandom(images * height * width * configuration.channels, stream: stream)
    let labelCount = configuration.architecture.task == .classification ? images : images * height * width
    labels = (0..<labelCount).map {
      $0 % 7 == 3 ? 255 : UInt16(($0 * 5 + $0 / 3) % configuration.classes)
    }
    classWeights = (0..<configuration.classes).map { 0.5 + Float($0 % 3) * 0.5 }
  }
}

/// Uniform in -1 ... 1.
func modelRandom(_ count: Int, stream: UInt64) -> [Float] {
  var generator = Philox(seed: 5, purpose: .test, stream: stream)
  return (0..<count).map { _ in generator.next(in: -1...1) }
}

extension ModelConfiguration {
  /// Small enough for numerical gradients.
  static func tiny(
    _ architecture: Architecture = .fcn8s, _ geometry: Geometry = .same, upsampling: Upsampling = .learned
  ) -> ModelConfiguration {
    ModelConfiguration(
      architecture: architecture, geometry: geometry, upsampling: upsampling, widths: [3, 4, 5, 6, 7], fc: 10,
      dropout: 0, classes: 3, channels: 2)
  }
}
