import Basics
import Kernels
import Model
import Testing

/// A classifier of geometry `same` and an FCN with its parameters compute the same scores: the classifier takes their
/// mean over the map, FCN-32s lays them out on the image.
@Suite struct ClassifierToFCNTests {
  private static func harness(_ architecture: Architecture) throws -> ModelHarness {
    try ModelHarness(
      .tiny(architecture, upsampling: .fixed), backend: PortableBackend(precision: .float32, threads: 1),
      reference: (1, 64, 64))
  }

  /// FCN-32s' bilinear kernel is 1 - 0.5 / 32 along each axis at the two pixels in the middle of a score's window.
  private static let peak: Float = 0.984375 * 0.984375

  /// 32 x 32 pixels are one window; of 64 x 64 there are 2 x 2.
  @Test(arguments: [(1, 1), (2, 2)]) func scoresAreTheSame(rows: Int, columns: Int) throws {
    let classifier = try Self.harness(.vgg16)
    try classifier.randomiseScoresAndBiases()
    let segmenter = try Self.harness(.fcn32s)
    let source = Dictionary(
      uniqueKeysWithValues: classifier.network.parameters.parameters.map {
        ($0.name, (shape: $0.canonicalShape, values: classifier.canonical($0.name, in: classifier.master)))
      })
    let report = transplant(source: source, into: segmenter.network.parameters, segmenter.master.floats())
    #expect(report.taken.contains("fc6/weight") && report.taken.contains("score_fr/weight"))
    #expect(report.left.map(\.name) == ["upscore32/weight"])
    segmenter.prepare()
    let (height, width) = (32 * rows, 32 * columns)
    let pixels = modelRandom(height * width * 2, stream: 4)
    let scores = try classifier.logits(pixels, height: height, width: width)
    let map = try segmenter.logits(pixels, height: height, width: width)
    for label in 0..<3 {
      var sum: Float = 0
      for row in 0..<rows {
        for column in 0..<columns {
          // Pixels in the middle of a window that the other scores do not reach.
          let y = row == 0 ? 15 : 32 * row + 16
          let x = column == 0 ? 15 : 32 * column + 16
          sum += map[(y * width + x) * 3 + label] / Self.peak
        }
      }
      #expect(abs(sum / Float(rows * columns) - scores[label]) < 1e-5 * max(1, abs(scores[label])))
    }
  }
}
