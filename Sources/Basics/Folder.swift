#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Folders of the file system.
package enum Folder {
  /// Makes a folder, and those above it, where they are missing, and waits until their names are on the disk: the sync
  /// of a file or of a folder keeps nothing where the folder above does not know of it.
  ///
  /// - Throws: `Failure(.cannotCreate)` naming the folder, what is in its way and the system's reason;
  ///   `Failure(.inputOutput)` if the disk is failing.
  package static func make(_ path: String, remedy: String? = nil) throws {
    var place = path.hasPrefix("/") ? "/" : ""
    for name in path.split(separator: "/") {
      place += (place.isEmpty || place == "/" ? "" : "/") + name
      if isFolder(place) { continue }
      if mkdir(place, 0o777) == 0 {
        try synchroniseName(of: place)
        continue
      }
      let code = errno
      // Another process may have made it meanwhile.
      if code == EEXIST, isFolder(place) { continue }
      let reason = code == EEXIST ? "\(place) is a file" : "\(place): \(systemErrorText(code))"
      throw Failure(.cannotCreate, "cannot make the folder \(path) (\(reason))", remedy: remedy)
    }
  }

  /// Waits until the name of a folder is on the disk.
  package static func synchroniseName(of path: String) throws {
    let above = FileBytes.folder(of: path)
    // A folder that may be written need not be readable, and then cannot be opened for this.
    if access(above, R_OK) == 0 { try FileBytes.synchronise(above) }
  }

  private static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
}
