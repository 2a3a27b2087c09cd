/// TIFF 6.0 and BigTIFF: the first page, in strips or tiles, of up to 4,096 bands together or apart, of 1 to 16 bits
/// without sign or float32.
package enum TIFF {
  static let signatures: [[UInt8]] = [
    [0x49, 0x49, 42, 0], [0x4D, 0x4D, 0, 42], [0x49, 0x49, 43, 0], [0x4D, 0x4D, 0, 43],
  ]

  /// - Parameter name: what the bytes are called in an error.
  /// - Throws: `Failure(.badData)` that names the file.
  package static func read(_ bytes: [UInt8], name: String = "image") throws -> Image {
    try ImageLibrary.tiff.image(bytes, name: name)
  }
}
