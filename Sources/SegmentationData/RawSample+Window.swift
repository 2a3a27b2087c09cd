extension RawSample {
  /// A piece of the image and of its label.
  ///
  /// - Precondition: `rows` and `columns` lie within it.
  package func window(rows: Range<Int>, columns: Range<Int>) -> RawSample {
    func cut<Value>(_ values: [Value], _ channels: Int) -> [Value] {
      guard !values.isEmpty else { return [] }
      var piece: [Value] = []
      piece.reserveCapacity(rows.count * columns.count * channels)
      for row in rows {
        piece += values[(row * width + columns.lowerBound) * channels..<(row * width + columns.upperBound) * channels]
      }
      return piece
    }
    let piece: SamplePixels =
      switch pixels {
      case .uint8(let values): .uint8(cut(values, channels))
      case .uint16(let values): .uint16(cut(values, channels))
      case .float32(let values): .float32(cut(values, channels))
      }
    return RawSample(
      key: key, height: rows.count, width: columns.count, channels: channels, pixels: piece, labels: cut(labels, 1))
  }
}
