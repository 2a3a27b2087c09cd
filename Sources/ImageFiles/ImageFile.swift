import Basics

/// Image files whose kind is told by their first bytes, not by their name.
package enum ImageFile {
  /// Reads an image file of any known format, recognised by content.
  ///
  /// - Throws: `Failure(.badData)` that names the file.
  package static func read(_ path: String) throws -> Image {
    let bytes = try FileBytes.read(path)
    switch try kind(of: bytes, name: path) {
    case .png: return try PNG.read(bytes, name: path)
    case .jpeg: return try JPEG.read(bytes, name: path)
    }
  }

  /// Size and form of the image, without its pixels.
  package static func header(_ path: String) throws -> ImageHeader {
    let bytes = try FileBytes.read(path)
    switch try kind(of: bytes, name: path) {
    case .png: return try PNG.header(of: bytes, name: path)
    case .jpeg: return try JPEG.header(of: bytes, name: path)
    }
  }

  private enum Kind { case png, jpeg }

  private static func kind(of bytes: [UInt8], name: String) throws -> Kind {
    if bytes.starts(with: PNG.signature) { return .png }
    if bytes.starts(with: JPEG.signature) { return .jpeg }
    throw Failure(.badData, "\(name) is not an image: it starts neither as PNG nor as JPEG")
  }
}
