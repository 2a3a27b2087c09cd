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
    throw Failure(.missingInput, "there is no \(path(missing))", remedy: "is \(source) the right folder?")
  }

  /// - Throws: `Failure(.usage)` if a shard cannot be called so.
  static func check(_ split: String) throws {
    guard SampleKey.isValid(split) else {
      throw Failure(.usage, "\(split.debugDescription) cannot be a split's name (A-Z a-z 0-9 . _ -)")
    }
  }
}
