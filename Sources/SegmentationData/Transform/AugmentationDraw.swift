import Basics

/// What was drawn for one visit of a sample. The numbers are always drawn, in this order, so that switching one change
/// off leaves the others as they are.
struct AugmentationDraw {
  let isFlipped: Bool
  let scale: Float
  /// 0 ..< 1 each: where the piece lies in the room that there is.
  let vertical: Float
  let horizontal: Float
  /// Factors around 1.
  let brightness: Float
  let contrast: Float
  let saturation: Float

  init(_ settings: AugmentationSettings, seed: UInt64, randomKey: UInt64) {
    var random = Philox(seed: seed, purpose: .augmentation, stream: randomKey)
    isFlipped = random.nextUniform() < settings.flip
    scale = random.next(in: settings.scale)
    vertical = random.nextUniform()
    horizontal = random.nextUniform()
    let factors = (1 - settings.color)...(1 + settings.color)
    brightness = random.next(in: factors)
    contrast = random.next(in: factors)
    saturation = random.next(in: factors)
  }
}
