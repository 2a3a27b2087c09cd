import Foundation
import TestSupport

/// The programs of this machine, but for some.
enum SystemPrograms {
  /// A folder to be the PATH: links to all programs of this process's own but those named.
  static func folder(without missing: Set<String>) -> TemporaryFolder {
    let folder = TemporaryFolder()
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    for source in path.split(separator: ":") {
      for name in (try? FileManager.default.contentsOfDirectory(atPath: String(source))) ?? []
      where !missing.contains(name) {
        try? FileManager.default.createSymbolicLink(
          atPath: folder.file(name), withDestinationPath: "\(source)/\(name)")
      }
    }
    return folder
  }
}
