import CVector

/// A change of colours that is one matrix, one offset and one limit; or one factor where there are no colours.
struct Recolouring {
  /// 3 x 3, row by row.
  let matrix: [Float]
  let offset: [Float]
  let maximum: Float
  let brightness: Float
  let hasColours: Bool

  /// Nil where nothing is to be done.
  ///
  /// Brightness b, contrast k around the dataset's mean grey, and saturation s around the pixel's own grey, one after
  /// the other: `v1 = b v`, `v2 = k v1 + (1 - k) b m`, `v3 = s v2 + (1 - s) grey(v2)`. Grey is ITU-R BT.601's.
  init?(_ draw: AugmentationDraw, _ settings: AugmentationSettings, _ raw: RawSample, _ normalisation: Normalisation) {
    guard settings.color > 0 else { return nil }
    let grey: [Float] = [0.299, 0.587, 0.114]
    switch raw.pixels {
    case .uint8: maximum = 255
    case .uint16: maximum = 65_535
    case .float32: maximum = .infinity
    }
    hasColours = raw.channels >= 3 && maximum.isFinite
    brightness = draw.brightness
    guard hasColours else {
      matrix = []
      offset = []
      return
    }
    let gain = draw.contrast * draw.brightness
    let saturation = draw.saturation
    matrix = (0..<9).map { place in
      gain * ((place / 3 == place % 3 ? saturation : 0) + (1 - saturation) * grey[place % 3])
    }
    let mean = grey[0] * normalisation.mean[0] + grey[1] * normalisation.mean[1] + grey[2] * normalisation.mean[2]
    // The grey of a grey is itself: saturation leaves the offset as it is.
    offset = [Float](repeating: (1 - draw.contrast) * draw.brightness * mean, count: 3)
  }

  /// - Parameter row: values as stored, in float32; changed in place.
  func apply(to row: UnsafeMutablePointer<Float>, pixelCount: Int, channels: Int) {
    if hasColours {
      cvector_recolor(row, pixelCount, channels, matrix, offset, maximum)
    } else {
      cvector_brighten(row, brightness, maximum, pixelCount * channels)
    }
  }
}
