import Basics
import CImageFiles

/// Calls into the C shim, with its statuses turned into failures that name the file.
struct ImageLibrary: Sendable {
  /// Bytes and their count in, header out, message.
  typealias HeaderFunction =
    @Sendable (UnsafePointer<UInt8>, Int, UnsafeMutablePointer<cimage_header>, UnsafeMutablePointer<CChar>) -> Int32
  /// Bytes and their count in, header out, pixels out and their bytes' count, message.
  typealias PixelFunction =
    @Sendable (
      UnsafePointer<UInt8>, Int, UnsafeMutablePointer<cimage_header>, UnsafeMutableRawPointer, Int,
      UnsafeMutablePointer<CChar>
    ) -> Int32

  /// "PNG" or "JPEG".
  let format: String
  /// What holds the shared library and what holds the header on Debian.
  let package: String
  let developmentPackage: String
  let readHeader: HeaderFunction
  let readPixels: PixelFunction
  /// Where the library does not say.
  let findOrientation: @Sendable ([UInt8]) -> Orientation

  static let png = ImageLibrary(
    format: "PNG", package: "libpng16-16", developmentPackage: "libpng-dev",
    readHeader: { cimage_png_header($0, $1, $2, $3) }, readPixels: { cimage_png_read($0, $1, $2, $3, $4, $5) },
    findOrientation: { EXIF.orientation(png: $0) })
  static let jpeg = ImageLibrary(
    format: "JPEG", package: "libturbojpeg0", developmentPackage: "libturbojpeg0-dev",
    readHeader: { cimage_jpeg_header($0, $1, $2, $3) }, readPixels: { cimage_jpeg_read($0, $1, $2, $3, $4, $5) },
    findOrientation: { EXIF.orientation(jpeg: $0) })
  static let tiff = ImageLibrary(
    format: "TIFF", package: "libtiff6", developmentPackage: "libtiff-dev",
    readHeader: { cimage_tiff_header($0, $1, $2, $3) }, readPixels: { cimage_tiff_read($0, $1, $2, $3, $4, $5) },
    findOrientation: { _ in .upright })
  static let webp = ImageLibrary(
    format: "WebP", package: "libwebp7", developmentPackage: "libwebp-dev",
    readHeader: { cimage_webp_header($0, $1, $2, $3) }, readPixels: { cimage_webp_read($0, $1, $2, $3, $4, $5) },
    findOrientation: { EXIF.orientation(webp: $0) })

  /// Runs one function of the shim.
  ///
  /// - Parameter problem: what an error says of the file.
  /// - Returns: the library's words, if it had any though it went well.
  @discardableResult
  func call(
    _ name: String, problem: String? = nil, _ body: (UnsafeMutablePointer<CChar>) -> Int32
  ) throws -> String {
    try withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(cimage_message_size)) { message in
      guard let base = message.baseAddress else { return "" }
      message.initialize(repeating: 0)
      let status = body(base)
      if status != Int32(cimage_ok) {
        throw failure(status, name, problem ?? "is not a usable \(format) file", String(cString: base))
      }
      return String(cString: base)
    }
  }

  private func failure(_ status: Int32, _ name: String, _ problem: String, _ text: String) -> Failure {
    switch status {
    case Int32(cimage_no_header):
      Failure(
        .missingInput, "\(name): \(format) files cannot be used: \(text)",
        remedy: "install the Debian package \(developmentPackage) and build again")
    case Int32(cimage_no_library):
      Failure(
        .missingInput, "\(name): \(format) files cannot be used: \(text)",
        remedy: "install the Debian package \(package)")
    case Int32(cimage_no_memory):
      Failure(.internalError, "\(name): \(text)")
    default:
      Failure(.badData, "\(name) \(problem): \(text)")
    }
  }
}

extension ImageHeader {
  init(_ header: cimage_header) {
    self.init(
      width: Int(header.width), height: Int(header.height), channels: Int(header.channels),
      bitDepth: Int(header.bit_depth), hasPalette: header.palette_count > 0)
  }
}
