import Basics

/// A folder of pictures with labelme's JSON files beside them. What no shape covers is `background`, class 0.
struct LabelmeLayout {
  private let source: String
  private let options: ImportOptions

  init(_ source: String, _ options: ImportOptions) {
    self.source = source
    self.options = options
  }

  func find() throws -> FoundSource {
    guard SourceFolder.isFolder(source) else { throw Failure(.missingInput, "there is no folder \(source)") }
    let splits = try folders().map { split, folder in (split: split, files: try files(in: folder)) }
    let names = Set(splits.flatMap { $0.files.flatMap { $0.file.marks.map(\.name) } })
    let classes = ShapeClasses(found: names.sorted(), options.labels)
    let found = try splits.map { split, files in
      let pairs = try files.map { file, _ in
        ImportPair(key: "", image: file.image, label: .shapes(try classes.map(file)))
      }
      return (split, ImportPair.keyed(pairs, by: files.map(\.name)))
    }
    return FoundSource(splits: found, code: classes.code, channels: options.channels, folder: source)
  }

  /// The source itself, or its folders named for splits.
  private func folders() throws -> [(split: String, folder: String)] {
    let tree = SourceFolder(source)
    let found = FolderNames.candidates(options.splits).compactMap { candidate in
      tree.first(of: candidate.names).map { (split: candidate.split, folder: $0) }
    }
    if !found.isEmpty { return found }
    let split = options.splits?.first ?? "train"
    try SplitNames.check(split)
    return [(split, "")]
  }

  private func files(in folder: String) throws -> [(file: LabelmeFile, name: String)] {
    let tree = SourceFolder(source)
    let place = folder.isEmpty ? source : "\(source)/\(folder)"
    let paths = try tree.files(in: folder, ending: "json")
    guard !paths.isEmpty else {
      throw Failure(.missingInput, "there is no JSON file in \(place)", remedy: "is it labelme's folder?")
    }
    let files = try paths.map { path in
      (file: try LabelmeFile(path: "\(place)/\(path)"), name: SourceFolder.withoutEnding(path))
    }
    let annotated = Set(files.map { SourceFolder.stem($0.file.image) })
    let bare = try tree.pictures(in: folder).filter { !annotated.contains(SourceFolder.stem($0)) }
    if !bare.isEmpty {
      options.note(
        "\(place): \(bare.count) \(bare.count == 1 ? "picture has" : "pictures have") no JSON file and "
          + "\(bare.count == 1 ? "is" : "are") not imported (\(bare[0])\(bare.count > 1 ? ", …" : ""))")
    }
    return files
  }
}
