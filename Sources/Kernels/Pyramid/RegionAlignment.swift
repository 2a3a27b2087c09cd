/// RoIAlign (He et al. 2017, section 3; bounds as in torchvision's kernels): regions of the maps of a pyramid brought to
/// one size by bilinear samples.
package struct RegionAlignment: Hashable, Sendable {
  /// One map of the pyramid.
  package struct Level: Hashable, Sendable {
    package var shape: ActivationShape
    /// Pixels of the map per pixel of the image.
    package var scale: Float

    package init(shape: ActivationShape, scale: Float) {
      self.shape = shape
      self.scale = scale
    }
  }

  /// Finest first, with as many images and channels each.
  package var levels: [Level]
  /// Cells along each side of the result.
  package var size: Int
  /// Samples a cell along each axis; nil for one a pixel of the map, rounded up.
  package var samples: Int?
  /// Whether coordinates are shifted by half a pixel (detectron2); otherwise a region has at least one pixel of the map
  /// (torchvision's models).
  package var isAligned: Bool

  /// - Precondition: size and samples are 1 or more.
  package init(levels: [Level], size: Int, samples: Int? = 2, isAligned: Bool = false) {
    precondition(!levels.isEmpty && size > 0 && samples ?? 1 > 0)
    self.levels = levels
    self.size = size
    self.samples = samples
    self.isAligned = isAligned
  }

  package var channels: Int { levels[0].shape.channels }

  /// [regions, size, size, channels]
  package func destination(regions: Int) -> ActivationShape {
    ActivationShape(images: regions, height: size, width: size, channels: channels)
  }
}
