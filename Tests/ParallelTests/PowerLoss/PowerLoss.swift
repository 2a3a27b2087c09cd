import Basics

/// What becomes of the operations that were not synced when the power goes.
enum PowerLoss: CustomStringConvertible {
  /// All of them are on the disk.
  case nothing
  /// None of them is.
  case everything
  /// Names are there and content is not: files of length zero after a rename, the classical surprise.
  case contents
  /// Names and lengths are there, and zeros where content should be.
  case zeros
  /// Content is there and names are not.
  case names
  /// The earlier part of the changes of each folder and each file, the last write to a file torn.
  case later(seed: UInt64)
  /// Any of the changes of each folder and each file, in their order, the last write to a file torn.
  case some(seed: UInt64)

  var description: String {
    switch self {
    case .nothing: "nothing is lost"
    case .everything: "all that was not synced is lost"
    case .contents: "contents are lost"
    case .zeros: "contents are zeros"
    case .names: "names are lost"
    case .later(let seed): "the later part is lost (seed \(seed))"
    case .some(let seed): "some is lost (seed \(seed))"
    }
  }

  /// The state in which the disk is found again.
  func disk(of model: DiskModel) -> DiskState {
    var numbers = numbers
    return DiskState(folder: folder(model.root, &numbers))
  }

  private var numbers: Philox {
    switch self {
    case .later(let seed), .some(let seed): Philox(seed: seed, purpose: .test, stream: 0)
    default: Philox(seed: 0, purpose: .test, stream: 0)
    }
  }

  private func folder(_ folder: DiskModel.Folder, _ numbers: inout Philox) -> [String: DiskState.Entry] {
    var entries = folder.kept
    for names in survivors(folder.pending, isContent: false, &numbers) {
      for (name, entry) in names { entries[name] = entry }
    }
    // In the order of the names: the random numbers of a state are always the same.
    return entries.sorted { $0.key < $1.key }.reduce(into: [:]) { result, named in
      switch named.value {
      case .folder(let folder): result[named.key] = .folder(self.folder(folder, &numbers))
      case .file(let file): result[named.key] = .file(content(file, &numbers))
      case .link(let target): result[named.key] = .link(target)
      }
    }
  }

  private func content(_ file: DiskModel.File, _ numbers: inout Philox) -> [UInt8] {
    var content = file.kept
    for change in survivors(file.pending, isContent: true, &numbers) { change.apply(to: &content) }
    switch self {
    case .zeros:
      var whole = file.kept
      for change in file.pending { change.apply(to: &whole) }
      DiskModel.Change.resize(whole.count).apply(to: &content)
    case .later, .some:
      guard case .write(let offset, let bytes) = file.pending.last else { break }
      DiskModel.Change.write(offset: offset, bytes: Array(bytes.prefix(bytes.count / 2))).apply(to: &content)
    default: break
    }
    return content
  }

  private func survivors<Operation>(
    _ pending: [Operation], isContent: Bool, _ numbers: inout Philox
  ) -> [Operation] {
    switch self {
    case .nothing: return pending
    case .everything: return []
    case .contents, .zeros: return isContent ? [] : pending
    case .names: return isContent ? pending : []
    case .later: return Array(pending.prefix(Int(numbers.next(below: UInt32(pending.count + 1)))))
    case .some: return pending.filter { _ in numbers.next(below: 2) == 0 }
    }
  }
}
