import Basics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The file system that a path is on.
package struct MountPoint: Codable, Equatable, Sendable {
  /// "ext4", "nfs4", "lustre", …
  package var type: String
  package var folder: String

  /// Of the deepest mount that `path`, or what exists of it, lies in; nil where the system does not say.
  static func holding(_ path: String) -> MountPoint? {
    let place = existing(path)
    var best: MountPoint?
    for line in (SystemFile.text("/proc/self/mounts") ?? "").split(separator: "\n") {
      let words = line.split(separator: " ").map { unescaped($0) }
      guard words.count > 2, place == words[1] || place.hasPrefix(words[1] == "/" ? "/" : words[1] + "/") else {
        continue
      }
      if words[1].utf8.count >= best?.folder.utf8.count ?? 0 { best = MountPoint(type: words[2], folder: words[1]) }
    }
    return best
  }

  /// Files there are reached over a network.
  package var isRemote: Bool {
    ["nfs", "lustre", "gpfs", "beegfs", "ceph", "cifs", "smb", "9p", "fuse.sshfs", "panfs", "wekafs"].contains {
      type.hasPrefix($0)
    }
  }

  private static func existing(_ path: String) -> String {
    var path = path
    while true {
      if let real = realpath(path, nil) {
        defer { free(real) }
        return String(cString: real)
      }
      let parent = FileBytes.folder(of: path)
      if parent == path { return "/" }
      path = parent
    }
  }

  /// Blanks and the like stand as octal numbers.
  private static func unescaped(_ word: Substring) -> String {
    String(word).replacing("\\040", with: " ").replacing("\\011", with: "\t").replacing("\\134", with: "\\")
  }
}
