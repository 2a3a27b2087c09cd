import Basics

/// Windows bitmaps that are not compressed: 1, 4 and 8 bits with a palette, 16, 24 and 32 bits of colour. Read here,
/// because Debian has no library for them alone.
package enum BMP {
  static let signature: [UInt8] = [0x42, 0x4D]

  /// - Parameter name: what the bytes are called in an error.
  /// - Throws: `Failure(.badData)` that names the file.
  package static func read(_ bytes: [UInt8], name: String = "image") throws -> Image {
    try Bitmap(bytes, name: name).image
  }

  static func header(_ bytes: [UInt8], name: String) throws -> ImageHeader {
    let bitmap = try Bitmap(bytes, name: name)
    return ImageHeader(
      width: bitmap.width, height: bitmap.height, channels: bitmap.channels,
      bitDepth: bitmap.isIndexed ? bitmap.bits : 8, hasPalette: bitmap.palette != nil)
  }
}

/// A bitmap's header, and its pixels on demand. Microsoft's BITMAPCOREHEADER, BITMAPINFOHEADER, V4 and V5.
private struct Bitmap {
  let width: Int
  let height: Int
  let bits: Int
  /// nil: grey levels, or colours in the pixels
  let palette: [UInt8]?
  /// Red, green, blue and, where it is there, alpha.
  let masks: [UInt32]
  private let bytes: [UInt8]
  private let pixelOffset: Int
  private let rowByteCount: Int
  private let isTopDown: Bool

  var isIndexed: Bool { bits <= 8 }
  var channels: Int { isIndexed ? 1 : masks.count }

  init(_ bytes: [UInt8], name: String) throws {
    func refuse(_ reason: String) -> Failure { Failure(.badData, "\(name) is not a usable BMP file: \(reason)") }
    guard bytes.count >= 30 else { throw refuse("it has \(bytes.count) bytes") }
    func word(_ place: Int) -> Int { Int(bytes[place]) | Int(bytes[place + 1]) << 8 }
    func double(_ place: Int) -> Int { word(place) | word(place + 2) << 16 }
    func signed(_ place: Int) -> Int { Int(Int32(truncatingIfNeeded: double(place))) }
    let headerSize = double(14)
    let isCore = headerSize == 12
    guard isCore || (headerSize >= 40 && 14 + headerSize <= bytes.count) else {
      throw refuse("its header is cut or of an unknown kind")
    }
    let statedHeight = isCore ? word(20) : signed(22)
    (width, height) = (isCore ? word(18) : signed(18), abs(statedHeight))
    bits = word(isCore ? 24 : 28)
    isTopDown = statedHeight < 0
    guard (1...65_500).contains(width), (1...65_500).contains(height), width * height <= 1 << 28 else {
      throw refuse("\(width) x \(height) pixels, the limit is 65500 a side and \(1 << 28) in all")
    }
    let compression = isCore ? 0 : double(30)
    let isPlain = compression == 0 || ((compression == 3 || compression == 6) && bits >= 16)
    guard [1, 4, 8, 16, 24, 32].contains(bits), isPlain else {
      throw refuse("it is compressed or of \(bits) bits: store it as PNG")
    }
    self.bytes = bytes
    pixelOffset = double(10)
    rowByteCount = (width * bits + 31) / 32 * 4
    guard pixelOffset >= 14 + headerSize, pixelOffset + rowByteCount * height <= bytes.count else {
      throw refuse("the file is too short for the size that it states")
    }
    let hasMasks = compression != 0
    guard !hasMasks || bytes.count >= 70 else { throw refuse("its header is cut") }
    let defaults: [UInt32] = bits == 16 ? [0x7C00, 0x3E0, 0x1F] : [0xFF_0000, 0xFF00, 0xFF]
    let end = headerSize >= 56 || compression == 6 ? 70 : 66
    let stated = hasMasks ? stride(from: 54, to: end, by: 4).map(double) : []
    masks = hasMasks ? stated.map { UInt32($0) }.filter { $0 != 0 } : defaults
    guard masks.count >= 3 else { throw refuse("it does not say which bits are colours") }
    palette =
      bits <= 8
      ? Self.palette(
        bytes, from: 14 + headerSize, step: isCore ? 3 : 4, count: 1 << bits, stated: isCore ? 0 : double(46),
        before: pixelOffset) : nil
  }

  /// nil where index and grey level are the same.
  private static func palette(
    _ bytes: [UInt8], from start: Int, step: Int, count: Int, stated: Int, before end: Int
  ) -> [UInt8]? {
    let present = min(stated == 0 ? count : stated, count, max(0, end - start) / step)
    guard present > 0 else { return nil }
    let colours = (0..<present).flatMap { index in
      [2, 1, 0].map { bytes[start + step * index + $0] }
    }
    let isGrey = present == 256 && colours.indices.allSatisfy { Int(colours[$0]) == $0 / 3 }
    return isGrey ? nil : colours
  }

  var image: Image {
    var pixels: [UInt8] = []
    pixels.reserveCapacity(width * height * channels)
    for y in 0..<height {
      let row = pixelOffset + rowByteCount * (isTopDown ? y : height - 1 - y)
      switch bits {
      case 24:
        for x in 0..<width {
          let place = row + 3 * x
          pixels += [bytes[place + 2], bytes[place + 1], bytes[place]]
        }
      case 16, 32: appendMasked(row, &pixels)
      default:
        for x in 0..<width {
          let shift = 8 - bits * (x * bits % 8 / bits + 1)
          pixels.append(bytes[row + x * bits / 8] >> UInt8(shift) & UInt8((1 << bits) - 1))
        }
      }
    }
    return Image(
      width: width, height: height, channels: channels, bitDepth: isIndexed ? bits : 8, pixels: .uint8(pixels),
      palette: palette)
  }

  private func appendMasked(_ row: Int, _ pixels: inout [UInt8]) {
    let size = bits / 8
    for x in 0..<width {
      let value = (0..<size).reduce(UInt32(0)) { $0 | UInt32(bytes[row + size * x + $1]) << UInt32(8 * $1) }
      for mask in masks {
        let largest = mask >> UInt32(mask.trailingZeroBitCount)
        let sample = (value & mask) >> UInt32(mask.trailingZeroBitCount)
        pixels.append(UInt8(truncatingIfNeeded: (UInt64(sample) * 255 + UInt64(largest) / 2) / UInt64(largest)))
      }
    }
  }
}
