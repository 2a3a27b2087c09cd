import Basics
import CImageFiles

extension ImageLibrary {
  /// The picture as every viewer shows it.
  ///
  /// - Parameter name: what the bytes are called in an error.
  /// - Throws: `Failure(.badData)` with the library's words; `Failure(.missingInput)` without the library.
  func image(_ bytes: [UInt8], name: String) throws -> Image {
    var native = try nativeHeader(bytes, name: name)
    let stored = ImageHeader(native)
    let count = stored.width * stored.height * stored.channels
    var warning = ""
    let pixels: Image.Pixels =
      switch stored.bitDepth {
      case 32: .float32(try decode(bytes, &native, &warning, count: count, name: name))
      case 16: .uint16(try decode(bytes, &native, &warning, count: count, name: name))
      default: .uint8(try decode(bytes, &native, &warning, count: count, name: name))
      }
    let palette = withUnsafeBytes(of: native.palette) { Array($0.prefix(3 * Int(native.palette_count))) }
    let image = Image(
      width: stored.width, height: stored.height, channels: stored.channels, bitDepth: stored.bitDepth,
      pixels: pixels, palette: stored.hasPalette ? palette : nil)
    var facts = ImageFacts()
    facts.isFromCMYK = native.facts & Int32(cimage_from_cmyk) != 0
    facts.hasMorePages = native.facts & Int32(cimage_first_page) != 0
    if native.facts & Int32(cimage_recovered) != 0 { facts.warning = warning }
    return image.turned(orientation(bytes, native), facts)
  }

  /// Width and height as viewed, channels and depth, without decoding.
  func header(_ bytes: [UInt8], name: String) throws -> ImageHeader {
    let native = try nativeHeader(bytes, name: name)
    return ImageHeader(native).turned(orientation(bytes, native))
  }

  private func orientation(_ bytes: [UInt8], _ native: cimage_header) -> Orientation {
    Orientation(rawValue: Int(native.orientation)) ?? findOrientation(bytes)
  }

  private func nativeHeader(_ bytes: [UInt8], name: String) throws -> cimage_header {
    var header = cimage_header()
    try withBase(of: bytes, name: name) { base in
      _ = try call(name) { readHeader(base, bytes.count, &header, $0) }
    }
    return header
  }

  private func decode<Value>(
    _ bytes: [UInt8], _ header: inout cimage_header, _ warning: inout String, count: Int, name: String
  ) throws -> [Value] {
    try withBase(of: bytes, name: name) { base in
      try [Value](unsafeUninitializedCapacity: count) { pixels, filled in
        let raw = UnsafeMutableRawBufferPointer(pixels)
        guard let target = raw.baseAddress else { return }
        warning = try call(name) { readPixels(base, bytes.count, &header, target, raw.count, $0) }
        filled = count
      }
    }
  }

  private func withBase<Result>(
    of bytes: [UInt8], name: String, _ body: (UnsafePointer<UInt8>) throws -> Result
  ) throws -> Result {
    try bytes.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress, buffer.count > 8 else {
        throw Failure(.badData, "\(name) is not a usable \(format) file: it has \(buffer.count) bytes")
      }
      return try body(base)
    }
  }
}
