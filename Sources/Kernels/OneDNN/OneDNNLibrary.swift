import Basics
import COneDNN

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// oneDNN itself, opened at run time so that the program starts on machines without it.
enum OneDNNLibrary {
  /// Why oneDNN can't be used here; nil when it can. The library is opened by the first look.
  static let unavailabilityReason: String? = {
    guard conednn_has_headers() != 0 else {
      return "this build has no oneDNN headers (API v3, 3.2 or newer): run launch/setup and build again"
    }
    let path = libraryPath()
    let status = path.map { conednn_open($0) } ?? conednn_open(nil)
    return status == 0 ? nil : message
  }()

  static var message: String { String(cString: conednn_message()) }
  static var version: String { String(cString: conednn_version()) }
  static var instructionSet: String { String(cString: conednn_instruction_set()) }

  static func check(_ status: Int32, _ operation: @autoclosure () -> String) throws {
    guard status == 0 else {
      throw Failure(.internalError, "oneDNN cannot make \(operation()): \(message)")
    }
  }

  /// Running a made operation fails only for want of memory or by a bug; there is nothing to go back to.
  static func mustSucceed(_ status: Int32) {
    guard status == 0 else { fatalError("oneDNN failed: \(message)") }
  }

  /// $FCN_DIST_ONEDNN_LIBRARY, else the project's own copy above the executable or the current folder, else nil: the
  /// system's.
  private static func libraryPath() -> String? {
    if let path = getenv("FCN_DIST_ONEDNN_LIBRARY") { return String(cString: path) }
    for folder in [executableFolder(), currentFolder()] {
      guard var folder else { continue }
      while !folder.isEmpty {
        let candidate = folder + "/.deps/onednn/lib/libdnnl.so.3"
        if access(candidate, R_OK) == 0 { return candidate }
        folder = parent(of: folder)
      }
    }
    return nil
  }

  private static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "" }
    return String(path[..<slash])
  }

  private static func executableFolder() -> String? {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
    let length = readlink("/proc/self/exe", &buffer, buffer.count - 1)
    guard length > 0 else { return nil }
    return parent(of: String(decoding: buffer[..<length].map(UInt8.init(bitPattern:)), as: UTF8.self))
  }

  private static func currentFolder() -> String? {
    guard let path = getcwd(nil, 0) else { return nil }
    defer { free(path) }
    return String(cString: path)
  }
}
