import Basics
import CImageFiles

/// Calls into the C shim, with its statuses turned into failures that name the file.
struct ImageLibrary {
  /// "PNG" or "JPEG".
  let format: String
  /// What holds the shared library and what holds the header on Debian.
  let package: String
  let developmentPackage: String

  static let png = ImageLibrary(format: "PNG", package: "libpng16-16", developmentPackage: "libpng-dev")
  static let jpeg = ImageLibrary(
    format: "JPEG", package: "libturbojpeg0", developmentPackage: "libturbojpeg0-dev")

  /// Runs one function of the shim.
  ///
  /// - Parameter problem: what an error says of the file.
  func call(
    _ name: String, problem: String? = nil, _ body: (UnsafeMutablePointer<CChar>) -> Int32
  ) throws {
    try withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(cimage_message_size)) { message in
      guard let base = message.baseAddress else { return }
      message.initialize(repeating: 0)
      let status = body(base)
      if status != Int32(cimage_ok) {
        throw failure(status, name, problem ?? "is not a usable \(format) file", String(cString: base))
      }
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
