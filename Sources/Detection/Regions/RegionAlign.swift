/// RoIAlign: a region of a feature map brought to a fixed size by bilinear samples (He et al. 2017, section 3;
/// torchvision's `roi_align`). Sums have one order, whatever the number of threads: regions as the caller goes through
/// them, then rows, columns and samples.
package struct RegionAlign: Equatable, Sendable {
  /// Cells along each side of the result.
  package let size: Int
  /// Samples a cell along each axis; nil for one a pixel, rounded up.
  package let samples: Int?
  /// Pixels of the map per pixel of the image.
  package let scale: Float
  /// Whether coordinates are shifted by half a pixel; otherwise a region has at least one pixel of the map.
  package let isAligned: Bool

  /// - Precondition: size and samples are 1 or more.
  package init(size: Int, samples: Int? = 2, scale: Float, isAligned: Bool = false) {
    precondition(size > 0 && samples ?? 1 > 0)
    self.size = size
    self.samples = samples
    self.scale = scale
    self.isAligned = isAligned
  }

  private func axis(_ first: Float, _ last: Float, _ length: Int) -> AxisSamples {
    let offset: Float = isAligned ? 0.5 : 0
    let start = first * scale - offset
    let end = last * scale - offset
    return AxisSamples(
      from: start, to: isAligned ? end : start + max(end - start, 1), cells: size, perCell: samples, length: length)
  }

  /// Writes a region, [size, size, channels].
  ///
  /// - Parameter features: [height, width, channels].
  package func forward(
    _ features: UnsafePointer<Float>, height: Int, width: Int, channels: Int, box: Box,
    result: UnsafeMutablePointer<Float>
  ) {
    result.update(repeating: 0, count: size * size * channels)
    forEachSample(height: height, width: width, box: box) { cell, y, x, factor in
      let target = result + cell * channels
      let (a, b) = (features + (y.low * width + x.low) * channels, features + (y.low * width + x.high) * channels)
      let (c, d) = (features + (y.high * width + x.low) * channels, features + (y.high * width + x.high) * channels)
      let weights = Self.weights(y, x, factor)
      for i in 0..<channels {
        target[i] += weights.0 * a[i] + weights.1 * b[i] + weights.2 * c[i] + weights.3 * d[i]
      }
    }
  }

  /// Adds to the gradient of the features what a region gives. Threads may share the work by channels: no bit depends
  /// on how.
  ///
  /// - Parameters:
  ///   - gradient: of the region, [size, size, channels].
  ///   - part: the channels to do.
  ///   - sum: of the features, [height, width, channels].
  package func backward(
    _ gradient: UnsafePointer<Float>, height: Int, width: Int, channels: Int, box: Box, part: Range<Int>,
    into sum: UnsafeMutablePointer<Float>
  ) {
    forEachSample(height: height, width: width, box: box) { cell, y, x, factor in
      let source = gradient + cell * channels
      let weights = Self.weights(y, x, factor)
      // Corners may be one and the same: each is added by itself.
      Self.add(source, weights.0, sum + (y.low * width + x.low) * channels, part)
      Self.add(source, weights.1, sum + (y.low * width + x.high) * channels, part)
      Self.add(source, weights.2, sum + (y.high * width + x.low) * channels, part)
      Self.add(source, weights.3, sum + (y.high * width + x.high) * channels, part)
    }
  }

  @inline(__always)
  private static func add(
    _ source: UnsafePointer<Float>, _ weight: Float, _ target: UnsafeMutablePointer<Float>, _ part: Range<Int>
  ) {
    for i in part { target[i] += source[i] * weight }
  }

  @inline(__always)
  private static func weights(
    _ y: AxisSamples.Sample, _ x: AxisSamples.Sample, _ factor: Float
  ) -> (Float, Float, Float, Float) {
    (
      (1 - y.weight) * (1 - x.weight) * factor, (1 - y.weight) * x.weight * factor,
      y.weight * (1 - x.weight) * factor, y.weight * x.weight * factor
    )
  }

  @inline(__always)
  private func forEachSample(
    height: Int, width: Int, box: Box,
    _ body: (_ cell: Int, _ y: AxisSamples.Sample, _ x: AxisSamples.Sample, _ factor: Float) -> Void
  ) {
    let rows = axis(box.y1, box.y2, height)
    let columns = axis(box.x1, box.x2, width)
    let factor = 1 / Float(max(rows.perCell * columns.perCell, 1))
    for row in 0..<size {
      for column in 0..<size {
        for y in rows.of(cell: row) where y.isInside {
          for x in columns.of(cell: column) where x.isInside { body(row * size + column, y, x, factor) }
        }
      }
    }
  }
}
