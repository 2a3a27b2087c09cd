/// WebP files, lossy and lossless, of one picture.
package enum WebP {
  static func isSignature(of bytes: [UInt8]) -> Bool {
    bytes.count >= 12 && bytes.starts(with: "RIFF".utf8) && bytes[8..<12].elementsEqual("WEBP".utf8)
  }

  /// - Parameter name: what the bytes are called in an error.
  /// - Throws: `Failure(.badData)` that names the file.
  package static func read(_ bytes: [UInt8], name: String = "image") throws -> Image {
    try ImageLibrary.webp.image(bytes, name: name)
  }
}
