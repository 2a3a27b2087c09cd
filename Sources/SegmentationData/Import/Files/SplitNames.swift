import Basics

/// Which splits a source has.
enum SplitNames {
  /// Those of `usual` that the source has, or all that are asked for.
  ///
  /// - Throws: `Failure(.missingInput)` if nothing is there.
  static func existing(
    _ wanted: [String]?, usual: [String], in source: String, _ path: (String) -> String
  ) throws -> [String] {
    let splits = wanted ?? usual.filter { SourceFolder.exists(path($0)) }
    try splits.forEach(check)
    guard let missing = splits.first(where: { !SourceFolder.exists(path($0)) }) ?? (splits.isEmpty ? usual.first : nil)
    else { return splits }
    throw missingPath(path(missing), source)
  }

  private static func missingPath(_ path: String, _ source: String) -> Failure {
    Failure(.missingInput, "there is no \(path)", remedy: "is \(source) the right folder?")
  }

  /// Splits with the paths of their lists, which may bear another name of the split: `valid.txt` is `val`.
  ///
  /// - Throws: `Failure(.missingInput)` if nothing is there.
  static func found(
    _ wanted: [String]?, usual: [String], in source: String, note: (String) -> Void, _ path: (String) -> String
  ) throws -> [(split: String, path: String)] {
    try wanted?.forEach(check)
    var found: [(split: String, path: String)] = []
    for wish in wanted ?? usual {
      let names = [wish] + FolderNames.synonyms(of: wish)
      guard let name = names.first(where: { SourceFolder.exists(path($0)) }) else {
        guard wanted == nil else { throw missingPath(path(wish), source) }
        continue
      }
      let split = FolderNames.split(of: wish)
      if name != split { note("\(path(name)) is imported as split '\(split)'") }
      found.append((split, path(name)))
    }
    guard !found.isEmpty else { throw missingPath(path(usual[0]), source) }
    return found
  }

  /// - Throws: `Failure(.usage)` if a shard cannot be called so.
  static func check(_ split: String) throws {
    guard SampleKey.isValid(split) else {
      throw Failure(.usage, "\(split.debugDescription) cannot be a split's name (A-Z a-z 0-9 . _ -)")
    }
  }
}
