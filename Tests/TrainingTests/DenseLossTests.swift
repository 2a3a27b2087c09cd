import Basics
import Collectives
import Foundation
import Kernels
import Model
import SegmentationData
import TestSupport
import Testing
import Training
import TrainingConfiguration

/// Losses of an image's class probabilities.
@Suite struct DenseLossTests {
  let folder = TemporaryFolder()
  var data: String { folder.path + "/data" }

  /// 9 x 13 pixels, four classes of which the labels have three, every seventh pixel ignored.
  private static let (pixelCount, classCount) = (9 * 13, 4)
  private static let logits = (0..<pixelCount * classCount).map { (i: Int) -> Float in
    let x = Double(i)
    let phase: Double = 0.7 * x + 0.37 * Double(i % 11)
    return Float(3 * sin(phase) + cos(0.013 * x * x))
  }
  private static let labels = (0..<pixelCount).map { (pixel: Int) -> UInt16 in
    pixel % 7 == 3 ? 255 : UInt16((pixel * 5 + pixel / 3) % 3)
  }
  private static let weights: [Float] = [0.5, 1, 1.5, 2]

  struct Case: CustomTestStringConvertible {
    var loss: any DenseLoss
    /// Of each part, of float64 with automatic differentiation (HIPS autograd on NumPy).
    var values: [Double]
    /// The sum of gradient[i] cos(0.3 i), and the gradient's length.
    var projection: Double
    var length: Double
    var testDescription: String { "\(loss)" }
  }

  static let cases = [
    Case(
      loss: FocalLoss(gamma: 0), values: [249.8792830136214], projection: -14.260870555967156,
      length: 11.726091402712758),
    Case(
      loss: FocalLoss(gamma: 0.5), values: [239.2179046130562], projection: -14.717079957004984,
      length: 12.178320956159824),
    Case(
      loss: FocalLoss(gamma: 2), values: [216.85391118589268], projection: -15.374928239454562,
      length: 13.017444180149107),
    Case(
      loss: FocalLoss(gamma: 3.5), values: [201.41659255815233], projection: -15.59073871579455,
      length: 13.502930786113007),
    Case(
      loss: DiceLoss(), values: [0.6641862917942393], projection: -0.015380361299120534, length: 0.026666416024337853),
    Case(
      loss: DiceLoss(crossEntropy: 0.5), values: [0.6641862917942393, 1.243180512505579],
      projection: -0.08632996605517607, length: 0.07825199730496067),
    Case(
      loss: LovaszLoss(), values: [0.8028325551345455], projection: -0.010399437457268582, length: 0.01644480137889969),
    Case(
      loss: LovaszLoss(crossEntropy: 2), values: [0.8028325551345455, 4.972722050022316],
      projection: -0.29419785648149066, length: 0.24481984774349005),
    Case(
      loss: OnlineHardPixelLoss(threshold: 0.2, minimumCount: 60), values: [3.5441741394300608],
      projection: -0.1921747540065573, length: 0.17095580925087958),
    Case(
      loss: OnlineHardPixelLoss(threshold: 0.7, minimumCount: 1), values: [2.8146038910475912],
      projection: -0.1621374669566502, length: 0.1328231767019964),
    Case(
      loss: OnlineHardPixelLoss(threshold: 0, minimumCount: 5), values: [6.7828604630286025],
      projection: -0.3022011140279671, length: 0.6672444392880649),
    Case(
      loss: OnlineHardPixelLoss(threshold: 0.3, minimumCount: 100_000), values: [2.486361025011158],
      projection: -0.14189920951211102, length: 0.11667752639515182),
  ]

  /// Softmax in float64, then the loss.
  private func run(
    _ loss: any DenseLoss, _ logits: [Float] = logits, labels: [UInt16] = labels, scale: Float = 1, threads: Int = 2
  ) throws -> (values: [Double], gradient: [Float]) {
    var values = logits.indices.map { i -> Float in
      let row = logits[i / Self.classCount * Self.classCount..<(i / Self.classCount + 1) * Self.classCount]
      return Float(exp(Double(logits[i])) / row.reduce(0) { $0 + exp(Double($1)) })
    }
    let pool = try WorkerPool(threadCount: threads)
    let losses = values.withUnsafeMutableBufferPointer { values in
      labels.withUnsafeBufferPointer { labels in
        loss.backpropagate(
          DenseImage(
            values: values.baseAddress!, labels: labels.baseAddress!, pixelCount: labels.count,
            classCount: Self.classCount, ignoreLabel: 255, classWeights: Self.weights, pool: pool), scale: scale)
      }
    }
    return (losses, values)
  }

  @Test(arguments: cases) func isTheDefinition(_ c: Case) throws {
    let (values, gradient) = try run(c.loss, scale: 0.25)
    #expect(values.count == c.values.count && c.loss.names.count == values.count)
    for (value, expected) in zip(values, c.values) { #expect(abs(value - expected) < 3e-6 * expected) }
    let projection = gradient.indices.reduce(0) { $0 + Double(gradient[$1]) * cos(0.3 * Double($1)) }
    let length = gradient.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    #expect(abs(4 * projection - c.projection) < 1e-5 * c.length)
    #expect(abs(4 * length - c.length) < 1e-5 * c.length)
    for (pixel, label) in Self.labels.enumerated() where label == 255 {
      #expect(gradient[pixel * Self.classCount..<(pixel + 1) * Self.classCount].allSatisfy { $0 == 0 })
    }
  }

  @Test(arguments: cases) func theGradientAgreesWithDifferenceQuotients(_ c: Case) throws {
    let gradient = try run(c.loss).gradient
    let length = gradient.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    // Half along the gradient, half in all directions.
    let direction = gradient.indices.map { Double(gradient[$0]) / length + 0.05 * sin(1.3 * Double($0)) }
    let expected = zip(gradient, direction).reduce(0) { $0 + Double($1.0) * $1.1 }
    let quotients = try [0.2, 0.05, 0.0125].map { step in
      func loss(_ sign: Double) throws -> Double {
        try run(c.loss, zip(Self.logits, direction).map { Float(Double($0) + sign * step * $1) }).values.reduce(0, +)
      }
      return (try loss(1) - loss(-1)) / (2 * step)
    }
    #expect(quotients.contains { abs($0 - expected) < 0.01 * abs(expected) }, "\(quotients), gradient \(expected)")
  }

  @Test(arguments: cases) func threadsDoNotMatter(_ c: Case) throws {
    // More than a block of pixels.
    let logits = (0..<40).flatMap { turn in Self.logits.map { $0 + Float(turn) * 0.01 * $0 } }
    let labels = (0..<40).flatMap { _ in Self.labels }
    let one = try run(c.loss, logits, labels: labels, threads: 1)
    let three = try run(c.loss, logits, labels: labels, threads: 3)
    #expect(one.values == three.values && one.gradient == three.gradient)
  }

  /// Extreme logits, classes without weight, and one pixel.
  @Test(arguments: cases) func nothingIsInfinite(_ c: Case) throws {
    for logits in [Self.logits.map { $0 * 60 }, Self.logits.map { _ in 0 }] {
      let (values, gradient) = try run(c.loss, logits)
      let sum = gradient.reduce(0) { $0 + abs($1) }
      #expect(values.reduce(0, +).isFinite && sum.isFinite)
    }
    let (values, gradient) = try run(c.loss, [1, 2, 3, 4], labels: [0])
    #expect(values.reduce(0, +).isFinite && gradient.reduce(0) { $0 + abs($1) }.isFinite)
  }

  /// As cross-entropy of the backend, where the exponent is 0; and an image without labels has no part in it.
  @Test(arguments: Precision.allCases) func theObjectiveGivesTheNetworkItsGradient(_ precision: Precision) throws {
    let backend = try PortableBackend(precision: precision, threads: 2)
    let configuration = ModelConfiguration(widths: [4, 4, 8, 8, 8], fc: 16, dropout: 0, classes: 4)
    let network = try Network(configuration, backend: backend, reference: (2, 33, 40))
    let pool = try WorkerPool(threadCount: 2)
    let count = network.parameters.floatCount
    let master = try MemoryRegion(byteCount: 4 * count)
    let prepared = try MemoryRegion(byteCount: max(1, network.parameters.preparedByteCount))
    let memory = ParameterMemory(master: master.floats(), prepared: prepared.base)
    Initialisation(network.parameters, configuration: configuration, seed: 1).run(into: memory.master, pool: pool)
    for parameter in network.parameters.parameters where parameter.layer.hasPrefix("score") {
      try parameter.importCanonical(
        (0..<parameter.canonicalCount).map { 0.3 * sin(Float($0)) }, into: memory.master)
    }
    network.prepare(memory, piece: 0, of: 1)
    let gradients = try (0..<3).map { _ in try MemoryRegion(byteCount: 4 * count) }
    func sample(_ stream: Int, labelled: Bool = true) -> Sample {
      Sample(
        request: SampleRequest(sample: stream, randomKey: 1), key: "\(stream)", height: 33, width: 40, channels: 3,
        pixels: (0..<33 * 40 * 3).map { (i: Int) -> Float in sin(Float(i * (stream + 3))) },
        labels: (0..<33 * 40).map { (i: Int) -> UInt16 in labelled && i % 5 > 0 ? UInt16(i / 50 % 4) : 255 })
    }
    func run(_ objective: any TrainingObjective, _ samples: [Sample], _ number: Int) throws -> [Double] {
      let plan = try network.plan(images: samples.count, height: 33, width: 40, training: true)
      return try objective.backpropagate(
        plan, samples.flatMap(\.pixels), memory, samples, scale: 1e-3, into: gradients[number].floats(), ready: { _ in }
      )
    }
    func dense(_ loss: any DenseLoss) -> DenseLossObjective {
      DenseLossObjective(loss, classWeights: Self.weights, ignoreLabel: 255, dropout: false, pool: pool)
    }
    let samples = [sample(0), sample(1)]
    let crossEntropy = CrossEntropyObjective(
      classWeights: Self.weights, ignoreLabel: 255, labelSmoothing: 0, dropout: false)
    let expected = try run(crossEntropy, samples, 0)
    let found = try run(dense(FocalLoss(gamma: 0)), samples, 1)
    #expect(abs(found[0] - expected[0]) < 1e-6 * expected[0])
    let length = (0..<count).reduce(0.0) { $0 + Double(gradients[0].floats()[$1] * gradients[0].floats()[$1]) }
    let distance = (0..<count).reduce(0.0) {
      let difference = Double(gradients[0].floats()[$1] - gradients[1].floats()[$1])
      return $0 + difference * difference
    }
    #expect(length > 0 && distance.squareRoot() < (precision == .float32 ? 1e-5 : 1e-2) * length.squareRoot())
    for c in Self.cases {
      let alone = try run(dense(c.loss), [samples[0]], 1)
      let withEmpty = try run(dense(c.loss), [samples[0], sample(2, labelled: false)], 2)
      #expect(alone == withEmpty)
      let isClose = (0..<count).allSatisfy {
        abs(gradients[1].floats()[$0] - gradients[2].floats()[$0])
          <= (precision == .float32 ? 1e-5 : 0.05) * max(1e-3, abs(gradients[1].floats()[$0]))
      }
      #expect(isClose)
      let empty = try run(dense(c.loss), [sample(2, labelled: false)], 2)
      #expect(empty.allSatisfy { $0 == 0 })
      #expect((0..<count).allSatisfy { gradients[2].floats()[$0] == 0 })
    }
  }

  @Test(arguments: [
    ["loss.name=focal", "loss.class_weights=median-frequency"], ["loss.name=dice", "loss.cross_entropy=0.5"],
    ["loss.name=lovasz", "train.precision=bfloat16"], ["loss.name=ohem", "loss.min_kept=400", "loss.threshold=0.3"],
  ])
  func anyNumberOfRanksTrainsTheSame(settings: [String]) throws {
    try RunHarness.writeData(to: data, sizes: [(33, 40), (40, 33)])
    let all = settings + ["batch.micro=2", "train.steps=4", "schedule.name=constant", "optimizer.learning_rate=0.003"]
    try RunHarness.train(set: all, data: data, output: folder.path + "/one")
    let expected = try RunHarness.digest(folder.path + "/one", step: 4)
    try RunHarness.train(set: all, data: data, output: folder.path + "/three", ranks: 3, ranksPerMachine: 2)
    #expect(try RunHarness.digest(folder.path + "/three", step: 4) == expected)
    try RunHarness.train(set: Array(all.dropFirst(settings.count)), data: data, output: folder.path + "/plain")
    #expect(try RunHarness.digest(folder.path + "/plain", step: 4) != expected)
  }

  /// Losses of images are divided by their number.
  @Test func theDivisorFollowsTheLoss() throws {
    let labels: [UInt16] = [0, 1, 1, 255]
    let sample = Sample(
      request: SampleRequest(sample: 0, randomKey: 0), key: "a", height: 2, width: 2, channels: 1,
      pixels: [0, 0, 0, 0], labels: labels)
    func divisor(_ normalization: Configuration.Loss.Normalization, _ name: Configuration.Loss.Name) throws -> Double {
      try LossNormaliser(
        normalization: normalization, classWeights: [1, 2], ignoreLabel: 255, globalBatch: 6, isOfImage: name.isOfImage
      ).divisor(of: [sample], over: SoloProcessGroup())
    }
    #expect(try divisor(.pixels, .focal) == 5 && divisor(.pixels, .crossEntropy) == 5)
    #expect(try divisor(.pixels, .dice) == 6 && divisor(.pixels, .onlineHardPixels) == 6)
    #expect(try divisor(.batch, .lovasz) == 6 && divisor(.sum, .lovasz) == 1)
  }

  @Test(arguments: [
    (
      "loss: {name: dice, label_smoothing: 0.1}",
      "loss.label_smoothing is for loss.name: cross-entropy, and loss.name is dice; set it to 0"
    ),
    (
      "loss: {cross_entropy: 1}",
      "loss.cross_entropy is what is added to dice and lovasz, and loss.name is cross-entropy"
    ),
    (
      "loss: {name: lovasz}\nmodel: {architecture: vgg16}",
      "loss.name: lovasz is for networks that label pixels, and model.architecture is vgg16; use cross-entropy or focal"
    ),
    ("loss: {name: lovas}", "cross-entropy | focal | dice | lovasz | ohem, found lovas; did you mean lovasz?"),
  ])
  func saysWhatDoesNotGoTogether(text: String, expected: String) {
    #expect {
      _ = try Configuration(yaml: text, file: "test.yaml")
    } throws: { ($0 as? Failure)?.description.contains(expected) ?? false }
  }
}
