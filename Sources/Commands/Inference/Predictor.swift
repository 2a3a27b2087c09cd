import Basics
import Model
import SegmentationData

/// Runs a trained network on images.
struct Predictor {
  struct Prediction {
    let sample: RawSample
    /// [height, width]
    let classes: [UInt16]
    /// [classes, height, width]; empty unless asked for
    let logits: [Float]
  }

  let model: TrainedModel
  private let transform: SampleTransform

  init(_ model: TrainedModel) {
    self.model = model
    transform = SampleTransform(normalisation: model.normalisation, ignoreLabel: .max)
  }

  /// - Parameter images: of equal size. What comes out for one does not depend on the others.
  /// - Throws: `Failure` when the images are too small for the network.
  func predict(_ images: [RawSample], withLogits: Bool) throws -> [Prediction] {
    guard let first = images.first else { return [] }
    var pixels: [Float] = []
    pixels.reserveCapacity(images.count * first.height * first.width * first.channels)
    for raw in images { pixels += transform.apply(raw, SampleRequest(sample: 0, randomKey: 0)).pixels }
    let plan = try model.network.plan(
      images: images.count, height: first.height, width: first.width, training: false)
    let scores = plan.forward(pixels, model.memory, dropoutKeys: nil)
    let count = first.height * first.width
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
