/// A picture in memory: rows from the top, pixels from the left, channels interleaved.
package struct Image: Equatable, Sendable {
  /// Samples in the order height, width, channels.
  package enum Pixels: Equatable, Sendable {
    case uint8([UInt8])
    case uint16([UInt16])
    case float32([Float])

    package var count: Int {
      switch self {
      case .uint8(let values): values.count
      case .uint16(let values): values.count
      case .float32(let values): values.count
      }
    }
  }

  package let width: Int
  package let height: Int
  /// 1 grey or index, 2 grey and alpha, 3 RGB, 4 RGB and alpha; TIFF: any number of bands.
  package let channels: Int
  /// Of a sample in the file: 1, 2, 4, 8, 16, or 32 for float. Below 8, samples hold the values 0 ..< 2^bitDepth.
  package let bitDepth: Int
  package let pixels: Pixels
  /// Red, green and blue for each index; pixels are indices where it is there.
  package let palette: [UInt8]?
  /// What was done to the file's pixels.
  package let facts: ImageFacts

  /// - Precondition: the sizes agree.
  package init(
    width: Int, height: Int, channels: Int, bitDepth: Int, pixels: Pixels, palette: [UInt8]? = nil,
    facts: ImageFacts = ImageFacts()
  ) {
    precondition(width > 0 && height > 0 && channels > 0 && pixels.count == width * height * channels)
    precondition(palette.map { channels == 1 && $0.count % 3 == 0 && (3...768).contains($0.count) } ?? true)
    self.width = width
    self.height = height
    self.channels = channels
    self.bitDepth = bitDepth
    self.pixels = pixels
    self.palette = palette
    self.facts = facts
  }

  /// An 8-bit image.
  package init(width: Int, height: Int, channels: Int, pixels: [UInt8], palette: [UInt8]? = nil) {
    self.init(
      width: width, height: height, channels: channels, bitDepth: 8, pixels: .uint8(pixels), palette: palette)
  }

  /// Of an image of 8 bits.
  var largestIndex: Int {
    guard case .uint8(let values) = pixels else { return 0 }
    return Int(values.max() ?? 0)
  }

  /// Whether it has an alpha channel that says nothing: all of it opaque.
  package var hasOpaqueAlpha: Bool {
    guard channels == 2 || channels == 4 else { return false }
    let places = stride(from: channels - 1, to: pixels.count, by: channels)
    return switch pixels {
    case .uint8(let values): places.allSatisfy { values[$0] == .max }
    case .uint16(let values): places.allSatisfy { values[$0] == .max }
    case .float32: false
    }
  }

  /// The picture to look at: indices replaced by their colours (an index beyond the palette is black), grey levels of
  /// 1, 2 and 4 bits spread over 0 ... 255.
  package func resolvingPalette() -> Image {
    guard case .uint8(let values) = pixels else { return self }
    if let palette {
      let colours = palette + [UInt8](repeating: 0, count: 768 - palette.count)
      var result = [UInt8]()
      result.reserveCapacity(3 * values.count)
      for value in values {
        let start = 3 * Int(value)
        result.append(colours[start])
        result.append(colours[start + 1])
        result.append(colours[start + 2])
      }
      return Image(width: width, height: height, channels: 3, pixels: result)
    }
    guard bitDepth < 8 else { return self }
    let factor = 255 / UInt8((1 << bitDepth) - 1)
    return Image(width: width, height: height, channels: channels, pixels: values.map { $0 &* factor })
  }
}

extension Image {
  /// The picture as it is viewed, with what was done to it.
  func turned(_ orientation: Orientation, _ facts: ImageFacts) -> Image {
    var facts = facts
    facts.isTurned = orientation != .upright
    func apply<Value>(_ values: [Value]) -> [Value] {
      orientation.apply(values, width: width, height: height, channels: channels)
    }
    let turned: Pixels =
      switch pixels {
      case .uint8(let values): .uint8(apply(values))
      case .uint16(let values): .uint16(apply(values))
      case .float32(let values): .float32(apply(values))
      }
    let swaps = orientation.swapsSides
    return Image(
      width: swaps ? height : width, height: swaps ? width : height, channels: channels, bitDepth: bitDepth,
      pixels: turned, palette: palette, facts: facts)
  }
}

/// What an image file says about itself before its pixels.
package struct ImageHeader: Equatable, Sendable {
  package let width: Int
  package let height: Int
  package let channels: Int
  package let bitDepth: Int
  package let hasPalette: Bool

  func turned(_ orientation: Orientation) -> ImageHeader {
    guard orientation.swapsSides else { return self }
    return ImageHeader(width: height, height: width, channels: channels, bitDepth: bitDepth, hasPalette: hasPalette)
  }
}
