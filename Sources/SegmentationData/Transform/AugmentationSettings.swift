import Basics

/// How training changes images and labels together.
package struct AugmentationSettings: Equatable, Sendable {
  /// Probability of a horizontal flip.
  package var flip: Float
  /// The image is scaled by a number drawn from here: bilinear, its label by the nearest pixel.
  package var scale: ClosedRange<Float>
  /// Size of the random piece that is cut out, padded where the scaled image is smaller; nil: the image's own size.
  package var crop: (height: Int, width: Int)?
  /// Strength of the colour jitter: brightness, contrast and saturation are multiplied by numbers of 1 ± color.
  package var color: Float

  /// Instead of `scale`: the share of the image that is cut out and brought to the size of `crop`, whatever its shape
  /// (random resized crop, Szegedy et al., "Going deeper with convolutions", 2015, section 6).
  package var area: ClosedRange<Float>?
  /// With `area`: width / height of what is cut out.
  package var aspect: ClosedRange<Float>

  package init(
    flip: Float = 0, scale: ClosedRange<Float> = 1...1, crop: (height: Int, width: Int)? = nil, color: Float = 0,
    area: ClosedRange<Float>? = nil, aspect: ClosedRange<Float> = 0.75...(4 / 3)
  ) {
    self.area = area
    self.aspect = aspect
    self.flip = flip
    self.scale = scale
    self.crop = crop
    self.color = color
  }

  package static let none = AugmentationSettings()

  package static func == (a: AugmentationSettings, b: AugmentationSettings) -> Bool {
    a.flip == b.flip && a.scale == b.scale && a.area == b.area && a.aspect == b.aspect && a.color == b.color
      && a.crop?.height == b.crop?.height
      && a.crop?.width == b.crop?.width
  }

  /// - Throws: `Failure(.configuration)` naming the key.
  package func validate() throws {
    guard (0...1).contains(flip) else { throw Failure(.configuration, "data.augment.flip has to be 0 to 1") }
    guard scale.lowerBound >= 0.05, scale.upperBound <= 20 else {
      throw Failure(.configuration, "data.augment.scale has to lie within 0.05 and 20")
    }
    guard (0..<1).contains(color) else {
      throw Failure(.configuration, "data.augment.color has to be 0 or more and less than 1")
    }
    if area != nil {
      guard crop != nil else {
        throw Failure(
          .configuration, "data.augment.area cuts out a piece and has no size to bring it to",
          remedy: "set data.augment.crop to [height, width]")
      }
      guard scale == 1...1 else {
        throw Failure(
          .configuration, "data.augment.area and data.augment.scale are two ways to scale",
          remedy: "leave one of them out")
      }
    }
    if let crop {
      guard (1...16_384).contains(crop.height), (1...16_384).contains(crop.width) else {
        throw Failure(.configuration, "data.augment.crop has to be [height, width] of 1 to 16384 each")
      }
    }
  }
}
