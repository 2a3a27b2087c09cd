import CVector

/// Fills an image row by row: mixes two source rows, then columns, then changes colours and normalises. All state of
/// a row stays in the first-level cache.
struct RowPainter {
  private let columns: AxisMap
  private let isUnmoved: Bool
  private let sourceRowCount: Int
  private let rowCount: Int
  private let channels: Int
  private let recolouring: Recolouring?
  /// For each value of an output row, not for each pixel: one loop serves any number of channels.
  private let left: [Int32]
  private let right: [Int32]
  private let weight: [Float]
  private let mean: [Float]
  private let deviation: [Float]

  init(
    columns: AxisMap, isUnmoved: Bool, sourceWidth: Int, width: Int, channels: Int, normalisation: Normalisation,
    recolouring: Recolouring?
  ) {
    self.columns = columns
    self.isUnmoved = isUnmoved
    self.channels = channels
    self.recolouring = recolouring
    sourceRowCount = sourceWidth * channels
    rowCount = width * channels
    let count = columns.valid.count
    left = isUnmoved ? [] : Self.spread(columns.first, channels)
    right = isUnmoved ? [] : Self.spread(columns.second, channels)
    weight = isUnmoved ? [] : columns.weight.flatMap { repeatElement($0, count: channels) }
    mean = Self.tiled(normalisation.mean, count)
    deviation = Self.tiled(normalisation.std, count)
  }

  /// Value indices of pixels.
  private static func spread(_ pixels: [Int32], _ channels: Int) -> [Int32] {
    let count = Int32(channels)
    return [Int32](unsafeUninitializedCapacity: pixels.count * channels) { values, filled in
      for pixel in pixels {
        for channel in 0..<count {
          values[filled] = pixel * count + channel
          filled += 1
        }
      }
    }
  }

  private static func tiled(_ values: [Float], _ count: Int) -> [Float] {
    [Float](unsafeUninitializedCapacity: values.count * count) { result, filled in
      for _ in 0..<count {
        for value in values {
          result[filled] = value
          filled += 1
        }
      }
    }
  }

  func paint(_ source: SamplePixels, _ rows: AxisMap, into result: UnsafeMutableBufferPointer<Float>) {
    if rows.valid.count * columns.valid.count * channels < result.count { result.update(repeating: 0) }
    guard let target = result.baseAddress, !columns.valid.isEmpty else { return }
    switch source {
    case .uint8(let values): paint(values, rows, into: target, cvector_mix_u8)
    case .uint16(let values): paint(values, rows, into: target, cvector_mix_u16)
    case .float32(let values): paint(values, rows, into: target, cvector_mix_f32)
    }
  }

  private func paint<Value>(
    _ values: [Value], _ rows: AxisMap, into target: UnsafeMutablePointer<Float>,
    _ mix: (UnsafePointer<Value>, UnsafePointer<Value>, Float, UnsafeMutablePointer<Float>, Int) -> Void
  ) {
    let count = columns.valid.count * channels
    values.withUnsafeBufferPointer { source in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: sourceRowCount + count) { rowMemory in
        guard let source = source.baseAddress, let mixed = rowMemory.baseAddress else { return }
        let resampled = isUnmoved ? mixed : mixed + sourceRowCount
        for index in rows.first.indices {
          mix(
            source + Int(rows.first[index]) * sourceRowCount, source + Int(rows.second[index]) * sourceRowCount,
            rows.weight[index], mixed, sourceRowCount)
          if !isUnmoved { cvector_mix_gathered(mixed, left, right, weight, resampled, count) }
          recolouring?.apply(to: resampled, pixelCount: count / channels, channels: channels)
          let place = (rows.valid.lowerBound + index) * rowCount + columns.valid.lowerBound * channels
          cvector_normalise(resampled, mean, deviation, target + place, count)
        }
      }
    }
  }
}
