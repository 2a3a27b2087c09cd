import Basics
import Model
import SegmentationData

/// Runs a trained network on single images.
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

  /// - Throws: `Failure` when the image is too small for the network.
  func predict(_ raw: RawSample, withLogits: Bool) throws -> Prediction {
    let sample = transform.apply(raw, SampleRequest(sample: 0, randomKey: 0))
    let plan = try model.network.plan(images: 1, height: raw.height, width: raw.width, training: false)
    let scores = plan.forward(sample.pixels, model.memory, dropoutKeys: nil)
    let count = raw.height * raw.width
    let classes = [UInt16](unsafeUninitializedCapacity: count) { buffer, filled in
      if let base = buffer.baseAddress { plan.classes(into: base) }
      filled = count
    }
    guard withLogits else { return Prediction(sample: raw, classes: classes, logits: []) }
    let classCount = model.network.configuration.classes
    let logits = [Float](unsafeUninitializedCapacity: classCount * count) { buffer, filled in
      for label in 0..<classCount {
        for pixel in 0..<count { buffer[label * count + pixel] = scores[pixel * classCount + label] }
      }
      filled = classCount * count
    }
    return Prediction(sample: raw, classes: classes, logits: logits)
  }
}
