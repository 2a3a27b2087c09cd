/// A folder as a file system keeps it: what is on the disk for certain, and what has been done since and may be lost.
///
/// It promises what POSIX does and no more, as Pillai et al. model file systems ("All File Systems Are Not Created
/// Equal: On the Complexity of Crafting Crash-Consistent Applications", OSDI 2014): the sync of a file keeps its
/// content, not its name; the sync of a folder keeps the names in it, not their content, nor the folder's own name. A
/// single change of a folder, a rename too, is there or not. Where a link points to comes with its name.
struct DiskModel {
  final class File {
    fileprivate(set) var kept: [UInt8] = []
    fileprivate(set) var pending: [Change] = []
  }

  final class Folder {
    fileprivate(set) var kept: [String: Entry] = [:]
    /// Each is made as a whole; nil takes a name away.
    fileprivate(set) var pending: [[String: Entry?]] = []
    fileprivate var entries: [String: Entry] = [:]

    fileprivate func change(_ names: [String: Entry?]) {
      pending.append(names)
      for (name, entry) in names { entries[name] = entry }
    }
  }

  enum Entry {
    case file(File)
    case folder(Folder)
    case link(String)
  }

  enum Change {
    case write(offset: Int, bytes: [UInt8])
    case resize(Int)

    func apply(to content: inout [UInt8]) {
      switch self {
      case .write(let offset, let bytes):
        Change.grow(&content, to: offset + bytes.count)
        content.replaceSubrange(offset..<offset + bytes.count, with: bytes)
      case .resize(let length):
        Change.grow(&content, to: length)
        content.removeLast(content.count - length)
      }
    }

    /// What was never written reads as zeros.
    private static func grow(_ content: inout [UInt8], to length: Int) {
      if content.count < length { content += [UInt8](repeating: 0, count: length - content.count) }
    }
  }

  struct NoSuchName: Error { let path: String }

  let root = Folder()
  private let path: String

  /// - Parameter path: of the folder that the model stands for; nothing of what it holds already is in the model.
  init(of path: String) { self.path = path }

  func apply(_ operation: FileOperation) throws {
    switch operation {
    case .create(let path): try name(path, .file(File()))
    case .makeFolder(let path): try name(path, .folder(Folder()))
    case .symbolicLink(let path, let target): try name(path, .link(target))
    case .link(let from, let to): try name(to, try existing(from))
    case .remove(let path): try name(path, nil)
    case .write(let path, let offset, let bytes): file(path)?.pending.append(.write(offset: offset, bytes: bytes))
    case .resize(let path, let length): file(path)?.pending.append(.resize(length))
    case .synchronise(let path): synchronise(path)
    case .rename(let from, let to):
      let entry = try existing(from)
      let (folder, new) = try place(to)
      let (source, old) = try place(from)
      guard folder === source else { throw NoSuchName(path: "\(from), in another folder than \(to)") }
      folder.change([new: entry, old: nil])
    }
  }

  private func synchronise(_ path: String) {
    switch entry(path) {
    case .file(let file):
      for change in file.pending { change.apply(to: &file.kept) }
      file.pending = []
    case .folder(let folder):
      folder.kept = folder.entries
      folder.pending = []
    case .link, nil: break
    }
  }

  private func name(_ path: String, _ entry: Entry?) throws {
    let (folder, name) = try place(path)
    folder.change([name: entry])
  }

  /// nil for a file without a name: nobody can find what is written to it.
  private func file(_ path: String) -> File? {
    guard case .file(let file) = entry(path) else { return nil }
    return file
  }

  private func existing(_ path: String) throws -> Entry {
    guard let entry = entry(path) else { throw NoSuchName(path: path) }
    return entry
  }

  private func entry(_ path: String) -> Entry? {
    path.dropFirst(self.path.count).split(separator: "/").reduce(Entry.folder(root)) { parent, name in
      guard case .folder(let folder) = parent else { return nil }
      return folder.entries[String(name)]
    }
  }

  private func place(_ path: String) throws -> (folder: Folder, name: String) {
    guard let slash = path.lastIndex(of: "/"), case .folder(let folder) = entry(String(path[..<slash])) else {
      throw NoSuchName(path: path)
    }
    return (folder, String(path[path.index(after: slash)...]))
  }
}
