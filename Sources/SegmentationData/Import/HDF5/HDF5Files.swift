import Basics

/// The files of a source of arrays.
struct HDF5Files {
  private static let endings = ["h5", "hdf5", "he5", "nc", "nc4"]

  /// A file, a folder, or a pattern.
  let source: String
  let options: ImportOptions

  /// A file, all below a folder, or those that fit a pattern; by splits where folders, {split} or the files' names say
  /// them.
  ///
  /// - Throws: `Failure` if there are none, or only some of them say their split.
  func find() throws -> [(split: String, files: [String])] {
    try options.splits?.forEach(SplitNames.check)
    if SourceFolder.isFolder(source) {
      let tree = SourceFolder(source)
      let found = try FolderNames.candidates(options.splits).compactMap { candidate in
        try tree.first(of: candidate.names).map { folder in
          (split: candidate.split, files: try Self.files(tree, folder).map { "\(source)/\(folder)/\($0)" })
        }
      }.filter { !$0.files.isEmpty }
      if !found.isEmpty { return found }
      return try named(try Self.files(tree, "").map { "\(source)/\($0)" })
    }
    if SourceFolder.exists(source) { return try named([source]) }
    return try matches()
  }

  private static func files(_ tree: SourceFolder, _ folder: String) throws -> [String] {
    try endings.flatMap { try tree.files(in: folder, ending: $0) }.sorted()
  }

  private func matches() throws -> [(split: String, files: [String])] {
    let pattern = try PathPattern(source)
    let folder = pattern.folder.isEmpty ? (source.hasPrefix("/") ? "/" : ".") : pattern.folder
    guard SourceFolder.isFolder(folder) else { throw Failure(.missingInput, "there is no \(source)") }
    let paths = try Self.files(SourceFolder(folder), "").map { pattern.folder.isEmpty ? $0 : "\(folder)/\($0)" }
    guard pattern.hasSplit else { return try named(paths.filter { pattern.match($0) != nil }) }
    let matching = paths.compactMap { path in pattern.match(path).map { (name: $0.split ?? "", path: path) } }
    let found = FolderNames.candidates(options.splits).compactMap { candidate in
      candidate.names.first { name in matching.contains { $0.name == name } }.map { name in
        (split: candidate.split, files: matching.filter { $0.name == name }.map(\.path))
      }
    }
    try checkFound(found.flatMap(\.files))
    return found
  }

  /// The files by what their names say: a folder of shards has train and val side by side.
  private func named(_ files: [String]) throws -> [(split: String, files: [String])] {
    try checkFound(files)
    let names = files.map { files.count == 1 ? Self.splitOfOne($0) : Self.split(of: $0) }
    let known = Set(names.compactMap { $0 })
    let wanted = options.splits?.first
    guard known.count > 1 || (wanted == nil && !known.isEmpty) else { return [(wanted ?? "train", files)] }
    if let wanted {
      let own = zip(files, names).filter { $1 == FolderNames.split(of: wanted) }.map(\.0)
      guard !own.isEmpty else {
        throw Failure(
          .missingInput, "no file of \(source) is called as one of split '\(wanted)'",
          remedy: "there are files of \(known.sorted().joined(separator: ", ")); name others by a pattern")
      }
      options.note("\(own.count) of \(files.count) files taken: those of split '\(wanted)', by their names")
      return [(FolderNames.split(of: wanted), own)]
    }
    if let place = names.firstIndex(of: nil) {
      throw Failure(
        .badData,
        "some files of \(source) are called as those of a split (\(known.sorted().joined(separator: ", "))), and "
          + "others are not, such as \(files[place])",
        remedy:
          "say which files are of which split by a pattern, as 'FOLDER/{split}*.h5', or take all as one with --split")
    }
    return known.sorted { Self.rank($0) < Self.rank($1) }.map { split in
      let own = zip(files, names).filter { $1 == split }.map(\.0)
      options.note("\(Self.counted(own.count)) taken as split '\(split)', as the names say; --split chooses another")
      return (split, own)
    }
  }

  private static func counted(_ count: Int) -> String { count == 1 ? "1 file" : "\(count) files" }

  private static func rank(_ split: String) -> (Int, String) {
    (["train", "val", "test"].firstIndex(of: split) ?? 3, split)
  }

  /// `val-00000-of-00002.h5`, `valid_3.h5` and `scenes-val.nc` are of `val`; nil: the name does not say.
  private static func split(of path: String) -> String? {
    if let split = splitOfOne(path) { return split }
    let words = SourceFolder.stem(path).split { !$0.isLetter }.map(String.init)
    let said = Set([words.first, words.last].compactMap { $0 }.filter { !FolderNames.synonyms(of: $0).isEmpty })
    let splits = Set(said.map(FolderNames.split(of:)))
    return splits.count == 1 ? splits.first : nil
  }

  /// Of a file that stands alone, whose name has to be a split's as a whole.
  private static func splitOfOne(_ path: String) -> String? {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    if let shard = ShardName(fileName: name) { return shard.split }
    let stem = SourceFolder.stem(path)
    return FolderNames.synonyms(of: stem).isEmpty ? nil : FolderNames.split(of: stem)
  }

  private func checkFound(_ files: [String]) throws {
    guard files.isEmpty else { return }
    throw Failure(
      .missingInput, "no HDF5 or NetCDF file is \(source)",
      remedy: "give a file, a folder, or a pattern in quotes such as 'data/{split}/*.h5'")
  }
}
