import Basics
import Detection

extension SampleTransform {
  /// Resizes, flips and pads an image with its instances; those that are no crowd become what a network is trained on.
  func apply(_ raw: RawSample, _ request: SampleRequest, in frame: InstanceFrame) -> Sample {
    let draw = AugmentationDraw(augmentation, seed: seed, randomKey: request.randomKey)
    let stored = (height: raw.height, width: raw.width)
    let resized = frame.resized(stored, scale: draw.scale)
    let padded = InstanceFrame.padded(resized)
    let rows = AxisMap(source: raw.height, scaled: resized.height, size: padded.height, isFlipped: false)
    let columns = AxisMap(source: raw.width, scaled: resized.width, size: padded.width, isFlipped: draw.isFlipped)
    let pixels = paint(raw, draw, rows, columns, height: padded.height, width: padded.width)
    let placement = InstancePlacement(stored: stored, resized: resized, isFlipped: draw.isFlipped)
    return Sample(
      request: request, key: raw.key, height: padded.height, width: padded.width, channels: raw.channels,
      pixels: pixels, labels: raw.labels, instances: raw.instances,
      target: placement.target(raw.instances ?? InstanceAnnotations()), storedSize: stored, pool: pool)
  }
}
