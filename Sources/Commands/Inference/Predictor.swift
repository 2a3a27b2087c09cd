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
  private let tiling: Tiling?
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
    self.tiling = tiling
    self.available = available
    transform = SampleTransform(normalisation: model.normalisation, mask: model.mask, ignoreLabel: .max)
  }

  /// - Parameter images: of equal size. What comes out for one does not depend on the others.
  /// - Throws: `Failure` when the images are too small for the network.
  func predict(_ images: [RawSample], withLogits: Bool) throws -> [Prediction] {
    guard let first = images.first else { return [] }
    if let tiling, max(first.height, first.width) > tiling.side {
      return try images.map { try predict($0, in: tiling, withLogits: withLogits) }
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
  private func predict(_ raw: RawSample, in tiling: Tiling, withLogits: Bool) throws -> Prediction {
    let classCount = model.network.configuration.classes
    let (rows, columns) = (tiling.weighted(raw.height), tiling.weighted(raw.width))
    var blend = TileBlend(
      height: rows[0].range.count, width: raw.width, classCount: classCount, columns: columns)
    var classes = [UInt16](repeating: 0, count: raw.height * raw.width)
    var logits = [Float](repeating: 0, count: withLogits ? classCount * classes.count : 0)
    for (number, row) in rows.enumerated() {
      blend.begin(rowWeights: row.weights)
      for column in columns {
        let tile = raw.window(rows: row.range, columns: column.range)
        let plan = try model.network.plan(images: 1, height: tile.height, width: tile.width, training: false)
        let pixels = transform.apply(tile, SampleRequest(sample: 0, randomKey: 0)).pixels
        blend.add(
          plan.forward(pixels, model.memory, dropoutKeys: nil), columns: column.range, rowWeights: row.weights,
          columnWeights: column.weights)
      }
      let end = number + 1 < rows.count ? rows[number + 1].range.lowerBound : raw.height
      blend.take(end - row.range.lowerBound) { place, scores in
        let first = (row.range.lowerBound + place) * raw.width
        for x in 0..<raw.width {
          let pixel = scores[x * classCount..<(x + 1) * classCount]
          classes[first + x] = UInt16(Self.largest(pixel))
          for label in 0..<classCount where withLogits {
            logits[label * classes.count + first + x] = pixel[pixel.startIndex + label]
          }
        }
      }
    }
    return Prediction(sample: raw, classes: classes, logits: logits)
  }

  /// The first of the largest.
  private static func largest(_ scores: Slice<UnsafeBufferPointer<Float>>) -> Int {
    var best = scores.startIndex
    for place in scores.indices where scores[place] > scores[best] { best = place }
    return best - scores.startIndex
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
