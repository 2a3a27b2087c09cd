#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Folders of the file system.
package enum Folder {
  /// Makes a folder, and those above it, where they are missing.
  ///
  /// - Throws: `Failure(.cannotCreate)` naming the folder, what is in its way and the system's reason.
  package static func make(_ path: String, remedy: String? = nil) throws {
    var place = path.hasPrefix("/") ? "/" : ""
    for name in path.split(separator: "/") {
      place += (place.isEmpty || place == "/" ? "" : "/") + name
      if isFolder(place) || mkdir(place, 0o777) == 0 { continue }
      let code = errno
      // Another process may have made it meanwhile.
      if code == EEXIST, isFolder(place) { continue }
      let reason = code == EEXIST ? "\(place) is a file" : "\(place): \(systemErrorText(code))"
      throw Failure(.cannotCreate, "cannot make the folder \(path) (\(reason))", remedy: remedy)
    }
  }

  private static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
}
