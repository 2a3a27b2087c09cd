import Basics
import Kernels
import Testing

@Suite struct PortableLossTests {
  struct Case: CustomTestStringConvertible {
    var images: Int
    var height: Int
    var width: Int
    var classes: Int
    var magnitude: Float
    var testDescription: String { "\(images)x\(height)x\(width), \(classes) classes, logits up to \(magnitude)" }
    var shape: ActivationShape { ActivationShape(images: images, height: height, width: width, channels: classes) }
    var logits: [Float] { portableRandom(shape.count, stream: 1).map { $0 * magnitude } }
    var weights: [Float] { (0..<classes).map { 0.5 + Float($0 % 5) * 0.5 } }
    /// Every seventh pixel is ignored.
    var labels: [UInt16] { (0..<shape.pixelCount).map { $0 % 7 == 3 ? 255 : UInt16(($0 * 5 + $0 / 3) % classes) } }
  }

  static let cases = [
    Case(images: 1, height: 3, width: 5, classes: 2, magnitude: 1),
    Case(images: 2, height: 4, width: 7, classes: 11, magnitude: 3),
    Case(images: 1, height: 6, width: 5, classes: 21, magnitude: 60),
    Case(images: 3, height: 2, width: 2, classes: 16, magnitude: 8),
  ]

  static func loss(
    _ c: Case, _ logits: [Float], smoothing: Float = 0, scale: Float = 1, threads: Int = 2,
    precision: Precision = .float32
  ) throws -> (outcome: LossOutcome, gradient: [Float]) {
    let backend = try PortableBackend(precision: precision, threads: threads)
    var gradient = [Float](repeating: .nan, count: c.shape.count)
    let outcome = backend.softmaxCrossEntropy(
      logits: logits, labels: c.labels, shape: c.shape, classWeights: c.weights, ignoreLabel: 255,
      labelSmoothing: smoothing, scale: scale, gradient: &gradient)
    return (outcome, gradient)
  }

  @Test(arguments: cases) func lossIsTheDefinition(_ c: Case) throws {
    let logits = c.logits
    var expected = 0.0
    var weight = 0.0
    for (pixel, label) in c.labels.enumerated() where label != 255 {
      let scores = logits[pixel * c.classes..<(pixel + 1) * c.classes].map(Double.init)
      let largest = scores.max() ?? 0
      let sum = scores.reduce(0) { $0 + exponential($1 - largest) }
      expected += Double(c.weights[Int(label)]) * (logarithm(sum) + largest - scores[Int(label)])
      weight += Double(c.weights[Int(label)])
    }
    let outcome = try Self.loss(c, logits).outcome
    #expect(abs(outcome.weightedLoss - expected) < 1e-5 * expected)
    #expect(outcome.weight == weight)
    let backend = try PortableBackend(precision: .float32, threads: 1)
    let withoutGradient = backend.softmaxCrossEntropy(
      logits: logits, labels: c.labels, shape: c.shape, classWeights: c.weights, ignoreLabel: 255, scale: 1,
      gradient: nil)
    #expect(withoutGradient == outcome)
  }

  @Test(arguments: cases) func gradientAgreesWithDifferenceQuotients(_ c: Case) throws {
    let (_, gradient) = try Self.loss(c, c.logits, scale: 0.5)
    let disagreement = gradientDisagreement(at: c.logits, gradient: gradient, step: 0.02, tolerance: 2e-3) {
      0.5 * ((try? Self.loss(c, $0).outcome.weightedLoss) ?? .nan)
    }
    #expect(disagreement == nil)
    for (pixel, label) in c.labels.enumerated() where label == 255 {
      #expect(gradient[pixel * c.classes..<(pixel + 1) * c.classes].allSatisfy { $0 == 0 })
    }
  }

  /// The cross-entropy with a target of 1 - smoothing at the label and smoothing / classes more everywhere.
  @Test(arguments: cases) func smoothedLabelsAreTheDefinition(_ c: Case) throws {
    let (outcome, gradient) = try Self.loss(c, c.logits, smoothing: 0.2)
    var expected = 0.0
    for (pixel, label) in c.labels.enumerated() where label != 255 {
      let scores = c.logits[pixel * c.classes..<(pixel + 1) * c.classes].map(Double.init)
      let largest = scores.max() ?? 0
      let logSum = logarithm(scores.reduce(0) { $0 + exponential($1 - largest) }) + largest
      for (other, score) in scores.enumerated() {
        let target = 0.2 / Double(c.classes) + (other == Int(label) ? 0.8 : 0)
        expected += Double(c.weights[Int(label)]) * target * (logSum - score)
      }
    }
    #expect(abs(outcome.weightedLoss - expected) < 1e-5 * expected)
    let disagreement = gradientDisagreement(at: c.logits, gradient: gradient, step: 0.02, tolerance: 2e-3) {
      (try? Self.loss(c, $0, smoothing: 0.2).outcome.weightedLoss) ?? .nan
    }
    #expect(disagreement == nil)
  }

  @Test(arguments: cases) func bitsAreTheSameForAnyThreadCount(_ c: Case) throws {
    let one = try Self.loss(c, c.logits, threads: 1)
    for threads in 2...4 {
      let several = try Self.loss(c, c.logits, threads: threads)
      #expect(several.outcome == one.outcome)
      #expect(several.gradient == one.gradient)
    }
  }

  @Test func bfloat16RoundsTheGradientAlone() throws {
    let c = Self.cases[1]
    let rounded = try Self.loss(c, c.logits, precision: .bfloat16)
    #expect(try rounded.outcome == Self.loss(c, c.logits).outcome)
    #expect(rounded.gradient.allSatisfy { $0.bitPattern & 0xFFFF == 0 })
  }

  @Test func aNotANumberReachesTheLoss() throws {
    let c = Self.cases[1]
    for channel in 0..<c.classes {
      var logits = c.logits
      logits[channel] = .nan
      #expect(try Self.loss(c, logits).outcome.weightedLoss.isNaN)
    }
  }

  @Test func argmaxTakesTheFirstOfEquals() throws {
    let backend = try PortableBackend(precision: .float32, threads: 2)
    let logits: [Float] = [1, 3, 3, /**/ 5, 4, 5, /**/ -2, -1, -3]
    var classes = [UInt16](repeating: 9, count: 3)
    backend.argmax(logits, shape: ActivationShape(images: 1, height: 1, width: 3, channels: 3), into: &classes)
    #expect(classes == [1, 0, 1])
  }
}
