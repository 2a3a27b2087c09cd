import Basics

/// JPEG files, grey or colour; four colours (CMYK, YCCK) become RGB. Extraneous bytes and a missing end marker are taken
/// and noted; any other warning of the library (pixels missing, damaged) is an error.
package enum JPEG {
  package static let signature: [UInt8] = [0xFF, 0xD8, 0xFF]

  /// Reads a JPEG file.
  ///
  /// - Throws: `Failure(.badData)` that names the file.
  package static func read(_ path: String) throws -> Image { try read(FileBytes.read(path), name: path) }

  /// - Parameter name: what the bytes are called in an error.
  /// - Throws: `Failure(.badData)` that names the file.
  package static func read(_ bytes: [UInt8], name: String = "image") throws -> Image {
    try ImageLibrary.jpeg.image(bytes, name: name)
  }
}
