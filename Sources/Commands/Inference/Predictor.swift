import Basics
import Kernels
import Model
import SegmentationData
import Training

/// Runs a trained network on images.
struct Predictor {
  struct Prediction {
    let sample: RawSample
    /// [height, width]; of a classifier one
    let classes: [UInt16]
    /// [classes, height, width], of a classifier [classes]; empty unless asked for
    let logits: [Float]
  }

  let model: TrainedModel
  private let tiled: TiledScores?
  private let augmentation: TestTimeAugmentation?
  private let averaged: AveragedScores?
  /// Bytes that this rank can have.
  private let available: Int
  private let transform: SampleTransform

  /// - Parameters:
  ///   - tiling: for larger images; nil: all go through the network whole.
  ///   - augmentation: nil: images go through the network as they are.
  init(
    _ model: TrainedModel, tiling: Tiling? = nil, augmentation: TestTimeAugmentation? = nil, available: Int = .max
  ) {
    self.augmentation = augmentation
    averaged = augmentation.map { AveragedScores(network: model.network, augmentation: $0) }
    self.model = model
    tiled = tiling.map { TiledScores(network: model.network, tiling: $0) }
    self.available = available
    transform = SampleTransform(normalisation: model.normalisation, mask: model.mask, ignoreLabel: .max)
  }

  /// - Parameter images: of equal size. What comes out for one does not depend on the others.
  /// - Throws: `Failure` when the images are too small for the network.
  func predict(_ images: [RawSample], withLogits: Bool) throws -> [Prediction] {
    guard let first = images.first else { return [] }
    if let tiled, tiled.cuts(height: first.height, width: first.width) {
      return try images.map { try predict($0, in: tiled, withLogits: withLogits) }
    }
    if let averaged { return try images.map { try predict($0, with: averaged, withLogits: withLogits) } }
    try checkMemory(images.count, first)
    var pixels: [Float] = []
    pixels.reserveCapacity(images.count * first.height * first.width * first.channels)
    for raw in images { pixels += transform.apply(raw, SampleRequest(sample: 0, randomKey: 0)).pixels }
    let plan = try model.network.plan(
      images: images.count, height: first.height, width: first.width, training: false)
    let scores = plan.forward(pixels, model.memory, dropoutKeys: nil)
    let count = plan.destination.pixelCount / images.count
    let classes = [UInt16](unsafeUninitializedCapacity: images.count * count) { buffer, filled in
      if let base = buffer.baseAddress { plan.classes(into: base) }
      filled = images.count * count
    }
    let classCount = model.network.configuration.classes
    return images.enumerated().map { image, raw in
      Prediction(
        sample: raw, classes: Array(classes[image * count..<(image + 1) * count]),
        logits: withLogits ? Self.planes(scores + image * count * classCount, count: count, classCount) : [])
    }
  }

  /// The scores are the logarithms of the mean probabilities: their softmax is these.
  private func predict(_ raw: RawSample, with averaged: AveragedScores, withLogits: Bool) throws -> Prediction {
    try checkMemory(1, raw)
    let pixels = transform.apply(raw, SampleRequest(sample: 0, randomKey: 0)).pixels
    let probabilities = try averaged.probabilities(of: pixels, height: raw.height, width: raw.width, model.memory)
    let (count, classCount) = (raw.height * raw.width, model.network.configuration.classes)
    let classes = AveragedScores.classes(probabilities, classCount: classCount)
    guard withLogits else { return Prediction(sample: raw, classes: classes, logits: []) }
    let scores = probabilities.map { Float(AveragedScores.logarithm(of: $0)) }
    return Prediction(sample: raw, classes: classes, logits: Self.planes(scores, count: count, classCount))
  }

  /// One tile after the other, row after row.
  private func predict(_ raw: RawSample, in tiled: TiledScores, withLogits: Bool) throws -> Prediction {
    let classCount = model.network.configuration.classes
    var classes = [UInt16](repeating: 0, count: raw.height * raw.width)
    var logits = [Float](repeating: 0, count: withLogits ? classCount * classes.count : 0)
    let shape = ActivationShape(images: 1, height: 1, width: raw.width, channels: classCount)
    try tiled.forEachRow(height: raw.height, width: raw.width, model.memory) { rows, columns in
      transform.apply(raw.window(rows: rows, columns: columns), SampleRequest(sample: 0, randomKey: 0)).pixels
    } row: { y, scores in
      let first = y * raw.width
      guard let base = scores.baseAddress else { return }
      classes.withUnsafeMutableBufferPointer {
        if let target = $0.baseAddress { model.network.backend.argmax(base, shape: shape, into: target + first) }
      }
      for label in 0..<classCount where withLogits {
        for x in 0..<raw.width { logits[label * classes.count + first + x] = scores[x * classCount + label] }
      }
    }
    return Prediction(sample: raw, classes: classes, logits: logits)
  }

  private func checkMemory(_ count: Int, _ image: RawSample) throws {
    let size =
      augmentation?.largestSize(height: image.height, width: image.width)
      ?? (height: image.height, width: image.width)
    guard !ImageMemory.isHarmless(height: size.height, width: size.width) else { return }
    let needed = try model.network.byteCount(
      images: count, height: size.height, width: size.width, training: false)
    try ImageMemory.check(
      needed, available: available, "predicting \(image.key), \(image.height) x \(image.width) pixels at once,",
      remedy: model.task == .classification
        ? ImageMemory.smallerImages : "predict in overlapping tiles: --tile 1024 --overlap 256")
  }

  /// [pixels, classes] to [classes, pixels].
  private static func planes(_ scores: UnsafePointer<Float>, count: Int, _ classCount: Int) -> [Float] {
    [Float](unsafeUninitializedCapacity: classCount * count) { buffer, filled in
      for label in 0..<classCount {
        for pixel in 0..<count { buffer[label * count + pixel] = scores[pixel * classCount + label] }
      }
      filled = classCount * count
    }
  }
}
