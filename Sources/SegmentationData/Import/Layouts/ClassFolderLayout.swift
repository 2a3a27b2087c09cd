import Basics
import Foundation

/// Images for classification: one folder a class, in the source or in its folders train, val and test (as torchvision's
/// `ImageFolder` and Keras' `image_dataset_from_directory` have them). Classes are numbered in the order of their folders'
/// names; `classes.txt` may give them readable ones ("n01443537 goldfish" on a line).
struct ClassFolderLayout {
  private let source: String
  private let options: ImportOptions
  private let folder: SourceFolder

  init(_ source: String, _ options: ImportOptions) {
    self.source = source
    self.options = options
    folder = SourceFolder(source)
  }

  func find() throws -> FoundSource {
    guard SourceFolder.isFolder(source) else { throw Failure(.missingInput, "there is no folder \(source)") }
    let places = try self.places()
    let classes = try classFolders(in: places.map(\.folder))
    let splits = try places.map { ($0.split, try pairs(in: $0.folder, classes)) }
    if let passedOver = folder.passedOver { options.note(passedOver) }
    let names = try ClassTitles(source).names(of: classes, note: options.note)
    if Set(names).count < names.count {
      let twice = names.first { name in names.count { $0 == name } > 1 } ?? ""
      throw Failure(
        .badData, "two class folders of \(source) are called '\(twice)' but for blanks",
        remedy: "rename one, or put its images into the other")
    }
    return FoundSource(
      task: .classification, splits: splits,
      code: LabelCode(classNames: names, palette: Palette.voc, ignored: [names.count <= 255 ? 255 : 65_535]),
      channels: options.channels, folder: source)
  }

  /// The splits with their folders below the source; the source itself where no folder is named for a split.
  private func places() throws -> [(split: String, folder: String)] {
    let usual = try found(nil)
    guard let wanted = options.splits else {
      try sayOthers(than: usual.map(\.folder))
      for place in usual where place.folder != place.split {
        options.note("the folder '\(place.folder)' is imported as split '\(place.split)'")
      }
      return usual.isEmpty ? [("train", "")] : usual
    }
    let places = try found(wanted)
    if usual.isEmpty, places.isEmpty, wanted.count == 1 { return [(wanted[0], "")] }
    if let missing = wanted.first(where: { wish in !places.contains { $0.split == FolderNames.split(of: wish) } }) {
      throw Failure(.missingInput, "there is no folder \(source)/\(missing)")
    }
    return places
  }

  private func found(_ wanted: [String]?) throws -> [(split: String, folder: String)] {
    try FolderNames.candidates(wanted).compactMap { candidate in
      try SplitNames.check(candidate.split)
      return candidate.names.first { SourceFolder.isFolder("\(source)/\($0)") }.map { (candidate.split, $0) }
    }
  }

  /// Folders beside those of the splits that have folders of pictures as well.
  private func sayOthers(than places: [String]) throws {
    guard !places.isEmpty else { return }
    let others = try folder.names(in: "").filter { name in
      guard !places.contains(name), !name.hasPrefix("."), SourceFolder.isFolder("\(source)/\(name)") else {
        return false
      }
      return try !SourceFolder("\(source)/\(name)").otherFolders(than: []).isEmpty
    }
    if !others.isEmpty { options.note(FolderNames.warning(ofOthers: others, in: source)) }
  }

  /// Names of the class folders of all splits, sorted: a split may lack a class.
  private func classFolders(in places: [String]) throws -> [String] {
    var classes: Set<String> = []
    for place in places {
      let base = place.isEmpty ? source : "\(source)/\(place)"
      classes.formUnion(
        try folder.names(in: place).filter {
          !$0.hasPrefix(".") && $0 != "__MACOSX" && SourceFolder.isFolder("\(base)/\($0)")
        })
    }
    guard classes.count >= 2 else {
      throw Failure(
        .badData, "\(source) has \(classes.count == 1 ? "one class folder" : "no class folders")",
        remedy: "give a folder with one folder of images for each class, or with train/ and val/ that have such folders"
      )
    }
    guard classes.count <= DatasetInfo.maximumClassCount else {
      throw Failure(.badData, "\(source) has \(classes.count) class folders, more than labels can tell apart")
    }
    return classes.sorted()
  }

  private func pairs(in place: String, _ classes: [String]) throws -> [ImportPair] {
    var pairs: [ImportPair] = []
    var paths: [String] = []
    for (number, name) in classes.enumerated() {
      let below = place.isEmpty ? name : "\(place)/\(name)"
      guard SourceFolder.isFolder("\(source)/\(below)") else { continue }
      for picture in try folder.pictures(in: below) {
        pairs.append(
          ImportPair(
            key: "", image: "\(source)/\(below)/\(picture)", label: .imageClass(UInt16(number), name: "folder \(below)")
          ))
        paths.append("\(name)/\(SourceFolder.withoutEnding(picture))")
      }
    }
    return ImportPair.keyed(pairs, by: paths)
  }
}

/// What class folders are called for people: lines "folder name" of a file `classes.txt` beside them, with blanks, a tab
/// or a comma between the two.
private struct ClassTitles {
  private var titles: [String: String] = [:]

  init(_ source: String) throws {
    let path = "\(source)/classes.txt"
    guard SourceFolder.exists(path) else { return }
    for line in try TextLines.read(path) {
      let parts = line.split(maxSplits: 1, omittingEmptySubsequences: true) { " \t,".contains($0) }
      guard parts.count == 2 else { continue }
      titles[String(parts[0])] = String(parts[1].drop { " \t,".contains($0) })
    }
  }

  /// The titles up to the first comma (ImageNet's have synonyms behind it), else the whole titles, else the folders' own
  /// names: the first of these that every folder has and that tells all of them apart.
  func names(of folders: [String], note: (String) -> Void) -> [String] {
    let known = folders.compactMap { titles[$0] }
    let short = known.map { title in title.prefix { $0 != "," }.description }
    if let names = [short, known].first(where: { $0.count == folders.count && Set($0).count == $0.count }) {
      return names.map { $0.trimmingCharacters(in: .whitespaces) }
    }
    if !titles.isEmpty {
      let missing = folders.first { titles[$0] == nil }
      note(
        "classes.txt is not used: it "
          + (missing.map { "has no line for the folder '\($0)'" } ?? "does not tell the classes apart"))
    }
    return folders.map { $0.trimmingCharacters(in: .whitespaces) }
  }
}
