import Basics
import CVector

/// Makes the network's input of a stored sample: scale, cut, flip, colours, hide, normalise, labels along with the image.
///
/// What comes out is a function of (seed, random key, stored sample) alone: never of rank, thread or batch.
package struct SampleTransform: Sendable {
  package let normalisation: Normalisation
  package let augmentation: AugmentationSettings
  /// nil: the whole image is seen.
  package let mask: VisibleMask?
  package let ignoreLabel: UInt16
  package let seed: UInt64
  /// The size in which instances are looked for; nil for other tasks.
  package let frame: InstanceFrame?
  let pool: SamplePool

  /// - Parameters:
  ///   - frame: for samples with instances, which are resized and padded.
  ///   - pool: where the memory of samples comes from and goes to.
  package init(
    normalisation: Normalisation, augmentation: AugmentationSettings = .none, mask: VisibleMask? = nil,
    ignoreLabel: UInt16, seed: UInt64 = 0, frame: InstanceFrame? = nil, pool: SamplePool = SamplePool()
  ) {
    self.normalisation = normalisation
    self.augmentation = augmentation
    self.mask = mask
    self.ignoreLabel = ignoreLabel
    self.seed = seed
    self.frame = frame
    self.pool = pool
  }

  /// - Precondition: the normalisation has as many channels as the sample.
  package func apply(_ raw: RawSample, _ request: SampleRequest) -> Sample {
    if let frame { return apply(raw, request, in: frame) }
    let draw = AugmentationDraw(augmentation, seed: seed, randomKey: request.randomKey)
    let height = augmentation.crop?.height ?? raw.height
    let width = augmentation.crop?.width ?? raw.width
    let scales = draw.scales(of: (raw.height, raw.width), to: (height, width))
    let rows = AxisMap(
      source: raw.height, scale: scales.rows, size: height, place: draw.vertical, isFlipped: false)
    let columns = AxisMap(
      source: raw.width, scale: scales.columns, size: width, place: draw.horizontal, isFlipped: draw.isFlipped)
    var pixels = paint(raw, draw, rows, columns, height: height, width: width)
    let hasDenseLabels = raw.task == .semantic
    var labels = hasDenseLabels ? pool.labels(count: height * width) : raw.labels
    if hasDenseLabels {
      labels.withUnsafeMutableBufferPointer {
        paint(raw, rows, columns, isUnmoved: isUnmoved(raw, draw, columns), width: width, into: $0)
      }
    }
    if let mask, hasDenseLabels {
      pixels.withUnsafeMutableBufferPointer { pixels in
        labels.withUnsafeBufferPointer {
          mask.apply(
            to: pixels, labels: $0, rows: rows.valid, columns: columns.valid, width: width, kind: raw.pixels.kind,
            normalisation)
        }
      }
    }
    return Sample(
      request: request, key: raw.key, height: height, width: width, channels: raw.channels, pixels: pixels,
      labels: labels, instances: raw.instances, pool: pool)
  }

  private func isUnmoved(_ raw: RawSample, _ draw: AugmentationDraw, _ columns: AxisMap) -> Bool {
    !draw.isFlipped && columns.isExact && columns.first.elementsEqual(0..<Int32(raw.width))
  }

  /// The size of a sample that is stored in another, at the scale 1.
  package func size(of stored: (height: Int, width: Int)) -> (height: Int, width: Int) {
    if let frame { return InstanceFrame.padded(frame.resized(stored)) }
    return augmentation.crop ?? stored
  }

  /// The image's pixels: height x width x channels.
  func paint(
    _ raw: RawSample, _ draw: AugmentationDraw, _ rows: AxisMap, _ columns: AxisMap, height: Int, width: Int
  ) -> [Float] {
    var pixels = pool.pixels(count: height * width * raw.channels)
    let painter = RowPainter(
      columns: columns, isUnmoved: isUnmoved(raw, draw, columns), sourceWidth: raw.width, width: width,
      channels: raw.channels, normalisation: normalisation,
      recolouring: Recolouring(draw, augmentation, raw, normalisation))
    pixels.withUnsafeMutableBufferPointer { painter.paint(raw.pixels, rows, into: $0) }
    return pixels
  }

  private func paint(
    _ raw: RawSample, _ rows: AxisMap, _ columns: AxisMap, isUnmoved: Bool, width: Int,
    into result: UnsafeMutableBufferPointer<UInt16>
  ) {
    if rows.valid.count * columns.valid.count < result.count { result.update(repeating: ignoreLabel) }
    guard let target = result.baseAddress, !columns.valid.isEmpty else { return }
    raw.labels.withUnsafeBufferPointer { source in
      guard let source = source.baseAddress else { return }
      for (place, row) in zip(rows.valid, rows.nearest) {
        let from = source + Int(row) * raw.width
        let to = target + place * width + columns.valid.lowerBound
        if isUnmoved {
          to.update(from: from, count: raw.width)
        } else {
          cvector_gather_u16(from, columns.nearest, to, columns.nearest.count)
        }
      }
    }
  }
}
