import Basics
import CImageFiles

/// JPEG files, grey or colour. A file that the library warns of (truncated, damaged) is an error.
package enum JPEG {
  package static let signature: [UInt8] = [0xFF, 0xD8, 0xFF]

  /// Reads a JPEG file.
  ///
  /// - Throws: `Failure(.badData)` that names the file.
  package static func read(_ path: String) throws -> Image { try read(FileBytes.read(path), name: path) }

  /// - Parameter name: what the bytes are called in an error.
  package static func read(_ bytes: [UInt8], name: String = "image") throws -> Image {
    let header = try header(of: bytes, name: name)
    let count = header.width * header.height * header.channels
    let pixels = try withBase(of: bytes, name: name) { base in
      try [UInt8](unsafeUninitializedCapacity: count) { pixels, filled in
        guard let target = pixels.baseAddress else { return }
        try ImageLibrary.jpeg.call(name) { cimage_jpeg_read(base, bytes.count, target, count, $0) }
        filled = count
      }
    }
    return Image(width: header.width, height: header.height, channels: header.channels, pixels: pixels)
  }

  /// Width, height and channels, without decoding.
  ///
  /// - Throws: `Failure(.badData)` that names the file.
  package static func header(of bytes: [UInt8], name: String = "image") throws -> ImageHeader {
    var header = cimage_header()
    try withBase(of: bytes, name: name) { base in
      try ImageLibrary.jpeg.call(name) { cimage_jpeg_header(base, bytes.count, &header, $0) }
    }
    return ImageHeader(header)
  }

  private static func withBase<Result>(
    of bytes: [UInt8], name: String, _ body: (UnsafePointer<UInt8>) throws -> Result
  ) throws -> Result {
    try bytes.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress, buffer.count > signature.count else {
        throw Failure(.badData, "\(name) is not a usable JPEG file: it has \(buffer.count) bytes")
      }
      return try body(base)
    }
  }
}
