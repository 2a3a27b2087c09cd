import Basics
import CImageFiles

/// PNG files (ISO/IEC 15948) of 1 to 16 bits: grey, palette, RGB, each with or without alpha.
package enum PNG {
  package static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  /// Reads a PNG file.
  ///
  /// - Throws: `Failure(.badData)` that names the file.
  package static func read(_ path: String) throws -> Image { try read(FileBytes.read(path), name: path) }

  /// - Parameter name: what the bytes are called in an error.
  package static func read(_ bytes: [UInt8], name: String = "image") throws -> Image {
    try ImageLibrary.png.image(bytes, name: name)
  }

  /// Width, height and channels, without decoding.
  ///
  /// - Throws: `Failure(.badData)` that names the file.
  package static func header(of bytes: [UInt8], name: String = "image") throws -> ImageHeader {
    try ImageLibrary.png.header(bytes, name: name)
  }

  /// Writes an image of 8 bits (with its palette, if it has one) or of 16.
  package static func write(_ image: Image, to path: String) throws {
    let bytes = try encode(image, name: path)
    try bytes.withUnsafeBytes { try FileBytes.write($0, to: path) }
  }

  /// The file's bytes. Samples of less than 8 bits are stored as 8 with the same values.
  package static func encode(_ image: Image, name: String = "image") throws -> [UInt8] {
    var header = cimage_header()
    header.width = UInt32(clamping: image.width)
    header.height = UInt32(clamping: image.height)
    header.channels = Int32(image.channels)
    if let palette = image.palette {
      header.palette_count = Int32(max(palette.count / 3, image.largestIndex + 1))
      withUnsafeMutableBytes(of: &header.palette) { $0.copyBytes(from: palette) }
    }
    switch image.pixels {
    case .uint8(let values):
      header.bit_depth = 8
      return try values.withUnsafeBytes { try encode(header, $0, name: name) }
    case .uint16(let values):
      header.bit_depth = 16
      return try values.withUnsafeBytes { try encode(header, $0, name: name) }
    case .float32: throw Failure(.badData, "\(name) cannot be written as PNG: its values are floats")
    }
  }

  private static func encode(
    _ header: cimage_header, _ pixels: UnsafeRawBufferPointer, name: String
  ) throws -> [UInt8] {
    guard let base = pixels.baseAddress else { return [] }
    var bytes: UnsafeMutablePointer<UInt8>?
    var count = 0
    defer { cimage_free(bytes) }
    _ = try withUnsafePointer(to: header) { header in
      try ImageLibrary.png.call(name, problem: "cannot be written") {
        cimage_png_write(header, base, &bytes, &count, $0)
      }
    }
    return Array(UnsafeBufferPointer(start: bytes, count: count))
  }
}
