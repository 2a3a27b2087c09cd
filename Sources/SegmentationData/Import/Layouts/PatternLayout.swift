import Basics

/// Images and labels that two patterns name; what the wildcards stand for is the same in both files of a pair.
struct PatternLayout {
  private let source: String
  private let images: PathPattern
  private let labels: PathPattern
  private let options: ImportOptions

  /// - Throws: `Failure(.usage)` if the patterns cannot belong together.
  init(_ source: String, images: String, labels: String, _ options: ImportOptions) throws {
    self.source = source
    self.images = try PathPattern(images)
    self.labels = try PathPattern(labels)
    self.options = options
    guard self.images.hasSplit == self.labels.hasSplit, self.images.wildcardCount == self.labels.wildcardCount else {
      throw Failure(
        .usage, "'\(images)' and '\(labels)' do not have the same wildcards",
        remedy: "use as many of *, ** and ?, and {split}, in both: what they stand for makes the pairs")
    }
    guard self.images.wildcardCount > 0 else {
      throw Failure(.usage, "'\(images)' has no wildcard", remedy: "write * where the names differ")
    }
  }

  private struct File {
    let path: String
    let match: PathPattern.Match

    /// What makes two files a pair.
    var identity: [String] { [match.split ?? ""] + match.parts }
  }

  func find(code: LabelCode? = nil, channels: Int? = nil) throws -> FoundSource {
    guard SourceFolder.isFolder(source) else { throw Failure(.missingInput, "there is no folder \(source)") }
    let labelFiles = try files(labels)
    var byIdentity = Dictionary(labelFiles.map { ($0.identity, $0.path) }, uniquingKeysWith: { first, _ in first })
    let labelPaths = Set(labelFiles.map(\.path))
    let imageFiles = try files(images).filter { !labelPaths.contains($0.path) }
    guard !imageFiles.isEmpty else {
      throw Failure(.missingInput, "no file in \(source) fits '\(images.text)'", remedy: "is it the right folder?")
    }
    let splits = try wantedSplits(imageFiles)
    let found = try splits.map { split in
      let own = imageFiles.filter { name(of: $0) == split.name }
      let pairs = try own.map { image in
        guard let label = byIdentity.removeValue(forKey: image.identity) else { throw missing(image) }
        return ImportPair(key: "", image: "\(source)/\(image.path)", label: .file("\(source)/\(label)"))
      }
      let paths = own.map { $0.match.parts.filter { !$0.isEmpty }.map(Self.trimmed).joined(separator: "/") }
      return (split.split, ImportPair.keyed(pairs, by: paths))
    }
    let unused = byIdentity.count { entry in splits.contains { $0.name == entry.key[0] } || !images.hasSplit }
    if unused > 0 { options.note("\(unused) \(unused == 1 ? "label has" : "labels have") no image") }
    return FoundSource(splits: found, code: code, channels: channels ?? options.channels, folder: source)
  }

  private static func trimmed(_ part: String) -> String { part.hasSuffix("/") ? String(part.dropLast()) : part }

  private func name(of file: File) -> String { file.match.split ?? "" }

  private func files(_ pattern: PathPattern) throws -> [File] {
    let folder = pattern.folder
    guard SourceFolder.isFolder("\(source)/\(folder)") else {
      throw Failure(.missingInput, "there is no folder \(source)/\(folder)", remedy: "is \(source) the right folder?")
    }
    let tree = SourceFolder(source)
    return try tree.pictures(in: folder).compactMap { path in
      let path = folder.isEmpty ? path : "\(folder)/\(path)"
      return pattern.match(path).map { File(path: path, match: $0) }
    }
  }

  /// The splits to import, and what the files call them.
  private func wantedSplits(_ files: [File]) throws -> [(split: String, name: String)] {
    guard images.hasSplit else {
      let split = options.splits?.first ?? "train"
      try SplitNames.check(split)
      return [(split, "")]
    }
    let names = Set(files.map(name(of:)))
    let found = FolderNames.candidates(options.splits).compactMap { candidate in
      candidate.names.first { names.contains($0) }.map { (split: candidate.split, name: $0) }
    }
    if let wanted = options.splits?.first, found.isEmpty {
      throw Failure(
        .missingInput, "no file in \(source) fits '\(images.text)' for split '\(wanted)'",
        remedy: "there are: \(names.sorted().joined(separator: ", "))")
    }
    guard !found.isEmpty else {
      throw Failure(
        .missingInput, "{split} stands for \(names.sorted().joined(separator: ", ")) in \(source), none of them usual",
        remedy: "name one with --split")
    }
    for (split, name) in found where split != name { options.note("'\(name)' is imported as split '\(split)'") }
    let others = names.subtracting(found.map(\.name)).sorted()
    if options.splits == nil, !others.isEmpty {
      options.note("warning: \(others.joined(separator: ", ")) not imported; --split NAME imports one")
    }
    return found
  }

  private func missing(_ image: File) -> Failure {
    Failure(
      .missingInput, "\(source)/\(image.path) has no label that fits '\(labels.text)'",
      remedy: "add it, or remove the image")
  }
}
