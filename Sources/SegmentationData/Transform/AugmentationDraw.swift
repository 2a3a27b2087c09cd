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
  /// Of the image; nil: its piece is not resized to what is asked for.
  private let area: Float?
  private let aspect: Float

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
    area = settings.area.map { random.next(in: $0) }
    aspect = settings.area == nil ? 1 : random.next(in: settings.aspect)
  }

  /// What rows and columns of an image are scaled by, so that the piece drawn from it has the given size.
  func scales(
    of image: (height: Int, width: Int), to size: (height: Int, width: Int)
  ) -> (rows: Float, columns: Float) {
    guard let area else { return (scale, scale) }
    let pixels = area * Float(image.height) * Float(image.width)
    let height = min(Float(image.height), max(1, (pixels / aspect).squareRoot()))
    let width = min(Float(image.width), max(1, (pixels * aspect).squareRoot()))
    return (Float(size.height) / height, Float(size.width) / width)
  }
}
