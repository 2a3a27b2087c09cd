/// How a stored picture is to be turned for viewing: EXIF 2.32, tag 0x0112, values 1 to 8.
package enum Orientation: Int, Sendable, CaseIterable {
  case upright = 1
  case mirrored, upsideDown, flipped
  case transposed, turnedRight, transversed, turnedLeft

  /// Whether width and height change places.
  package var swapsSides: Bool { rawValue >= 5 }

  /// The values of a picture as it is viewed.
  ///
  /// - Parameter values: [height, width, channels] as stored.
  /// - Returns: [height, width, channels] as viewed; with the sides changed where `swapsSides`.
  func apply<Value>(_ values: [Value], width: Int, height: Int, channels: Int) -> [Value] {
    guard self != .upright else { return values }
    let (right, below) = (channels, channels * width)
    let (lastColumn, lastRow) = (right * (width - 1), below * (height - 1))
    // The stored place of the upper left pixel, and the steps from a viewed pixel to the next one and to the next row.
    let (start, step, rowStep) =
      switch self {
      case .upright: (0, right, below)
      case .mirrored: (lastColumn, -right, below)
      case .upsideDown: (lastRow + lastColumn, -right, -below)
      case .flipped: (lastRow, right, -below)
      case .transposed: (0, below, right)
      case .turnedRight: (lastRow, -below, right)
      case .transversed: (lastRow + lastColumn, -below, -right)
      case .turnedLeft: (lastColumn, below, -right)
      }
    let (rows, columns) = swapsSides ? (width, height) : (height, width)
    return [Value](unsafeUninitializedCapacity: values.count) { target, filled in
      var place = 0
      for row in 0..<rows {
        for column in 0..<columns {
          let source = start + row * rowStep + column * step
          for channel in 0..<channels {
            target.initializeElement(at: place, to: values[source + channel])
            place += 1
          }
        }
      }
      filled = place
    }
  }
}
