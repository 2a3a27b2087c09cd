import Basics

/// Any images and labels: folders `images` and `labels` with equal names (of the source, of its folders named for the
/// splits, or with such folders in them), or a list file of `image label` pairs a line.
struct FolderLayout {
  private let source: String
  private let options: ImportOptions
  private let folder: SourceFolder

  init(_ source: String, _ options: ImportOptions) {
    self.source = source
    self.options = options
    folder = SourceFolder(source)
  }

  func find() throws -> FoundSource {
    guard SourceFolder.exists(source) else { throw Failure(.missingInput, "there is no \(source)") }
    guard SourceFolder.isFolder(source) else {
      let split = options.splits?.first ?? "train"
      try SplitNames.check(split)
      let base = FileBytes.folder(of: source)
      return FoundSource(
        splits: [(split, try ListFile(path: source, folder: base).pairs(note: options.note))],
        channels: options.channels, folder: base)
    }
    let places = try self.places()
    let splits = try places.map { place in (place.split, try pairs(place)) }
    try sayOthers(than: places)
    if let passedOver = folder.passedOver { options.note(passedOver) }
    return FoundSource(splits: splits, channels: options.channels, folder: source)
  }

  /// Where the images and the labels of a split are, below the source.
  private struct Place {
    let split: String
    let images: String
    let labels: String
    /// The folder named for the split.
    let name: String?
  }

  private func places() throws -> [Place] {
    if let images = folder.first(of: FolderNames.images), let labels = folder.first(of: FolderNames.labels) {
      let inside = try found { name in (("\(images)/\(name)"), "\(labels)/\(name)") }
      if !inside.isEmpty { return inside }
      let split = options.splits?.first ?? "train"
      try SplitNames.check(split)
      return [Place(split: split, images: images, labels: labels, name: nil)]
    }
    let places = try found { name in
      guard let images = folder.first(of: FolderNames.images, in: name),
        let labels = folder.first(of: FolderNames.labels, in: name)
      else { return nil }
      return ("\(name)/\(images)", "\(name)/\(labels)")
    }
    let wanted = options.splits.map { $0.map(FolderNames.split(of:)) } ?? []
    let missing = wanted.first { split in !places.contains { $0.split == split } }
    guard missing == nil, !places.isEmpty else {
      throw Failure(
        .missingInput,
        missing == nil && folder.first(of: FolderNames.images) != nil
          ? "there is no \(source)/labels beside the images"
          : "there is no \(source)/\(missing.map { $0 + "/" } ?? "")images with labels beside it",
        remedy: "name the files by --images and --labels with patterns, see 'fcn-dist dataset import --help'")
    }
    return places
  }

  /// The splits that have a folder.
  private func found(_ folders: (String) -> (images: String, labels: String)?) throws -> [Place] {
    var places: [Place] = []
    for candidate in FolderNames.candidates(options.splits) {
      try SplitNames.check(candidate.split)
      for name in candidate.names {
        guard let pair = folders(name), SourceFolder.isFolder("\(source)/\(pair.images)"),
          SourceFolder.isFolder("\(source)/\(pair.labels)")
        else { continue }
        places.append(Place(split: candidate.split, images: pair.images, labels: pair.labels, name: name))
        if name != candidate.split { options.note("the folder '\(name)' is imported as split '\(candidate.split)'") }
        break
      }
    }
    return places
  }

  private func sayOthers(than places: [Place]) throws {
    guard options.splits == nil else { return }
    let known = Set(places.flatMap { [$0.name ?? "", $0.images, $0.labels] } + FolderNames.images + FolderNames.labels)
    let others = try folder.otherFolders(than: known)
    guard !others.isEmpty else { return }
    options.note(FolderNames.warning(ofOthers: others, in: source))
  }

  private func pairs(_ place: Place) throws -> [ImportPair] {
    let images = try folder.pictures(in: place.images)
    let labels = try folder.pictures(in: place.labels)
    try checkNames(images, place.images)
    try checkNames(labels, place.labels)
    let matched = LabelNames(images: images, labels: labels)
    let pairs = try images.map { image in
      guard let label = matched.label(of: image) else {
        throw Failure(
          .missingInput,
          "\(source)/\(place.images)/\(image) has no label \(SourceFolder.withoutEnding(image)).* in "
            + "\(source)/\(place.labels)",
          remedy: "add the label or remove the image; where names differ, give --images and --labels as patterns")
      }
      return ImportPair(
        key: "", image: "\(source)/\(place.images)/\(image)", label: .file("\(source)/\(place.labels)/\(label)"))
    }
    if let text = matched.text { options.note("\(source)/\(place.labels): \(text)") }
    return ImportPair.keyed(pairs, by: images.map(SourceFolder.withoutEnding))
  }

  /// Two files that differ in their endings only: nobody can say which one belongs to the label.
  private func checkNames(_ paths: [String], _ place: String) throws {
    var known: [String: String] = [:]
    for path in paths {
      if let other = known.updateValue(path, forKey: SourceFolder.withoutEnding(path)) {
        throw Failure(
          .badData, "\(source)/\(place) has \(other) and \(path): they have the same name but for the ending",
          remedy: "keep one of them, or give --images and --labels as patterns with an ending")
      }
    }
  }
}

/// Which label belongs to which image: that of the same name, or of the name and one ending for all, as in
/// `name_mask.png`.
private struct LabelNames {
  private let labels: [String: String]
  private let addition: String
  private let unusedCount: Int

  init(images: [String], labels paths: [String]) {
    var known: [String: String] = [:]
    for path in paths { known[SourceFolder.withoutEnding(path)] = path }
    let stems = images.map(SourceFolder.withoutEnding)
    let hasEqualNames = stems.contains { known[$0] != nil }
    let addition = hasEqualNames ? "" : stems.first.flatMap { Self.addition($0, known) } ?? ""
    unusedCount = paths.count - stems.count { known[$0 + addition] != nil }
    self.labels = known
    self.addition = addition
  }

  func label(of image: String) -> String? { labels[SourceFolder.withoutEnding(image) + addition] }

  /// What is to be said: nil, if there is nothing.
  var text: String? {
    let parts = [
      addition.isEmpty ? nil : "labels are called NAME\(addition)",
      unusedCount > 0 ? "\(unusedCount) \(unusedCount == 1 ? "label has" : "labels have") no image" : nil,
    ].compactMap { $0 }
    return parts.isEmpty ? nil : parts.joined(separator: "; ")
  }

  /// The shortest thing behind the first image's name.
  private static func addition(_ stem: String, _ labels: [String: String]) -> String? {
    labels.keys.filter { $0.hasPrefix(stem) && !$0.dropFirst(stem.count).contains("/") }
      .map { String($0.dropFirst(stem.count)) }
      .filter { $0.first.map { "_-.".contains($0) } ?? false }.min { ($0.count, $0) < ($1.count, $1) }
  }
}
