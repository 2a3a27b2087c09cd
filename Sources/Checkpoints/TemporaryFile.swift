import Basics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The name under which a file is written before it is whole: "NAME.partial-PID@HOST" beside it.
struct TemporaryFile {
  let path: String
  private static let marker = ".partial-"
  private static let inUse = Monitor<Set<String>>([])

  /// Takes the name for this process, and removes what an earlier one of the same number left under it: in a container
  /// every start may have the same.
  init(for finalPath: String) {
    path = "\(finalPath)\(Self.marker)\(getpid())@\(Self.host)"
    let path = path
    Self.inUse.withLock { _ = $0.insert(path) }
    unlink(path)
  }

  /// Ends the use of the name, and removes the file unless it has got its final name by now.
  func discard() {
    // Whoever still has the file open must not keep its space on the disk. A link is not followed: it leads to a
    // checkpoint.
    let descriptor = open(path, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC)
    if descriptor >= 0 { close(descriptor) }
    unlink(path)
    Self.inUse.withLock { _ = $0.remove(path) }
  }

  private static let host: String = {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "unknown" }
    return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }()

  /// Removes what writers that are gone left in a folder: those of this machine whose process has ended, and files of
  /// other machines and programs that nobody has touched for an hour.
  ///
  /// - Returns: the names of the files removed.
  @discardableResult
  static func removeLeftovers(in folder: String) throws -> [String] {
    try FolderListing.names(in: folder).filter { name in
      let path = "\(folder)/\(name)"
      guard isLeftover(name, path) else { return false }
      return unlink(path) == 0
    }
  }

  private static func isLeftover(_ name: String, _ path: String) -> Bool {
    guard let range = name.ranges(of: marker).last else { return false }
    let parts = name[range.upperBound...].split(separator: "@", maxSplits: 1)
    guard let first = parts.first, let process = Int32(first), process > 0 else { return false }
    if inUse.withLock({ $0.contains(path) }) { return false }
    if parts.count == 2, parts[1] == host {
      // A process of this number that is this one cannot be the writer: its own files are in use, see above.
      if process == getpid() || (kill(process, 0) != 0 && errno == ESRCH) { return true }
      // Whoever sets the clock makes the file of a living writer old. Another program only has the number of one.
      if let own = program(getpid()), program(process) == own { return false }
    }
    var status = stat()
    guard lstat(path, &status) == 0 else { return false }
    return time(nil) - status.st_mtim.tv_sec > 3600
  }

  /// The name of the program that a process of this machine runs.
  private static func program(_ process: Int32) -> String? { SystemFile.text("/proc/\(process)/comm") }
}

/// Names in a folder.
enum FolderListing {
  /// - Returns: sorted names without "." and ".."; empty if there is no such folder.
  static func names(in folder: String) throws -> [String] {
    guard let stream = opendir(folder) else {
      if errno == ENOENT { return [] }
      throw Failure(.inputOutput, "cannot list \(folder) (\(systemErrorText()))")
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }
}
