import Basics
import Kernels
import Model
import Testing

/// The whole network's gradient against difference quotients of its loss.
@Suite struct NetworkGradientTests {
  struct Case: CustomTestStringConvertible {
    var architecture: Architecture
    var geometry: Geometry
    var dropout: Float = 0
    var pool4Scale: Float = 1
    var images = 1
    var size = (height: 39, width: 46)
    var testDescription: String {
      "\(architecture) \(geometry), dropout \(dropout), pool4 times \(pool4Scale), \(images) images"
    }
  }

  static let cases = [
    Case(architecture: .fcn32s, geometry: .same), Case(architecture: .fcn16s, geometry: .same, images: 2),
    Case(architecture: .fcn8s, geometry: .same), Case(architecture: .fcn8s, geometry: .same, dropout: 0.4, images: 2),
    Case(architecture: .fcn8s, geometry: .same, pool4Scale: 0.3),
    Case(architecture: .fcn32s, geometry: .padded100), Case(architecture: .fcn16s, geometry: .padded100),
    Case(architecture: .fcn8s, geometry: .padded100, dropout: 0.4, pool4Scale: 2),
    Case(architecture: .vgg16, geometry: .same, size: (135, 150)),
    Case(architecture: .vgg16, geometry: .same, dropout: 0.4, images: 2, size: (135, 150)),
    Case(architecture: .vgg16, geometry: .valid, size: (230, 262)),
  ]

  @Test(arguments: cases) func gradientAgreesWithDifferenceQuotients(_ c: Case) throws {
    var configuration = ModelConfiguration.tiny(c.architecture, c.geometry)
    configuration.dropout = c.dropout
    configuration.pool4Scale = c.pool4Scale
    let backend = try PortableBackend(precision: .float32, threads: 2)
    let harness = try ModelHarness(
      configuration, backend: backend, reference: (1, c.size.height, c.size.width), seed: 3)
    try harness.randomiseScoresAndBiases()
    let batch = Batch(images: c.images, height: c.size.height, width: c.size.width, configuration: configuration)
    let keys = c.dropout > 0 ? (0..<c.images).map { UInt64($0 + 5) } : nil
    _ = try harness.loss(batch, dropoutKeys: keys, withGradient: true)
    for parameter in harness.network.parameters.parameters {
      let gradient = harness.canonical(parameter.name, in: harness.gradient)
      let start = harness.canonical(parameter.name, in: harness.master)
      let norm = gradient.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      // Along the gradient, where the loss changes most, so that rounding weighs least.
      #expect(norm > 0, "\(parameter.name)")
      func loss(movedBy step: Double) throws -> Double {
        let moved = zip(start, gradient).map { Float(Double($0) + step * Double($1) / norm) }
        try parameter.importCanonical(moved, into: harness.master.floats())
        harness.prepare()
        return try harness.loss(batch, dropoutKeys: keys, withGradient: false)
      }
      // The long steps meet kinks of rectifications and maxima, the short ones drown in rounding, and a wrong gradient
      // agrees with none. A classifier's loss is of an image, not of all its pixels.
      let changes = c.architecture.task == .classification ? [0.001, 0.0003, 0.0001] : [0.03, 0.006, 0.0012]
      let quotients = try changes.map { change in
        let step = change / norm
        return try (loss(movedBy: step) - loss(movedBy: -step)) / (2 * step)
      }
      _ = try loss(movedBy: 0)
      #expect(
        quotients.contains { abs($0 - norm) < 0.02 * norm },
        "\(parameter.name): quotients \(quotients), gradient \(norm)")
    }
  }

  @Test func dropoutDependsOnTheKeyAlone() throws {
    var configuration = ModelConfiguration.tiny()
    configuration.dropout = 0.5
    let backend = try PortableBackend(precision: .float32, threads: 2)
    let harness = try ModelHarness(configuration, backend: backend, reference: (1, 32, 32))
    try harness.randomiseScores()
    let one = modelRandom(32 * 32 * 2, stream: 1)
    func logits(_ pixels: [Float], _ keys: [UInt64]?, training: Bool = true) throws -> [Float] {
      try harness.logits(
        pixels, images: keys?.count ?? 1, height: 32, width: 32, training: training, dropoutKeys: keys)
    }
    let first = try logits(one, [7])
    #expect(try logits(one, [7]) == first)
    #expect(try logits(one, [8]) != first)
    #expect(try logits(one, nil) != first)
    #expect(try logits(one, nil) == logits(one, nil, training: false))
    #expect(try logits(one, [7], training: false) == logits(one, nil))
    let both = try logits(one + one, [8, 7])
    #expect(Array(both[(both.count / 2)...]) == first)
  }
}
