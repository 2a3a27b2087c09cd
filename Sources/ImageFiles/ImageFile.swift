import Basics

/// Image files whose kind is told by their first bytes, not by their name, as every viewer shows them.
package enum ImageFile {
  /// Reads an image file of any known format, turned as its EXIF orientation says.
  ///
  /// - Parameter notes: counts what was done to the picture.
  /// - Throws: `Failure(.badData)` that names the file.
  package static func read(_ path: String, notes: ImageNotes? = nil) throws -> Image {
    let image = try read(FileBytes.read(path), name: path)
    notes?.add(image.facts, name: path)
    return image
  }

  /// - Parameter name: what the bytes are called in an error.
  package static func read(_ bytes: [UInt8], name: String) throws -> Image {
    switch try kind(of: bytes, name: name) {
    case .library(let library): try library.image(bytes, name: name)
    case .bmp: try BMP.read(bytes, name: name)
    }
  }

  /// Size (as viewed) and form of the image, without its pixels.
  package static func header(_ path: String) throws -> ImageHeader {
    let bytes = try FileBytes.read(path)
    return switch try kind(of: bytes, name: path) {
    case .library(let library): try library.header(bytes, name: path)
    case .bmp: try BMP.header(bytes, name: path)
    }
  }

  /// Whether a file of any name begins as an image. Two letters, as BMP has, say too little.
  package static func isRecognised(_ head: [UInt8]) -> Bool {
    (try? kind(of: head, name: "")) != nil && !head.starts(with: BMP.signature)
  }

  private enum Kind {
    case library(ImageLibrary)
    case bmp
  }

  private static func kind(of bytes: [UInt8], name: String) throws -> Kind {
    if bytes.starts(with: PNG.signature) { return .library(.png) }
    if bytes.starts(with: JPEG.signature) { return .library(.jpeg) }
    if TIFF.signatures.contains(where: bytes.starts(with:)) { return .library(.tiff) }
    if WebP.isSignature(of: bytes) { return .library(.webp) }
    if bytes.starts(with: BMP.signature) { return .bmp }
    throw Failure(.badData, "\(name) is not an image: it starts neither as PNG, JPEG, TIFF, WebP nor as BMP")
  }
}
