import Basics

/// COCO's annotations as label maps: all areas of an image painted in the order of the file, each as its category. What
/// no area covers is `background`, class 0. The source is a JSON file, or a folder with such files in `annotations/`.
struct COCOLayout {
  private let source: String
  private let options: ImportOptions

  init(_ source: String, _ options: ImportOptions) {
    self.source = source
    self.options = options
  }

  private struct Part {
    let split: String
    let path: String
    let file: COCOFile
  }

  func find() throws -> FoundSource {
    guard SourceFolder.exists(source) else { throw Failure(.missingInput, "there is no \(source)") }
    let parts = try files().map { split, path in
      Part(split: split, path: path, file: try AnnotationFile.decode(COCOFile.self, path))
    }
    var known: [String] = []
    for part in parts {
      for category in part.file.categories.sorted(by: { $0.id < $1.id }) where !known.contains(category.name) {
        known.append(category.name)
      }
    }
    let classes = ShapeClasses(found: known, options.labels)
    return FoundSource(
      splits: try parts.map { ($0.split, try pairs($0, classes)) }, code: classes.code, channels: options.channels,
      folder: FileBytes.folder(of: source))
  }

  /// The annotation files and their splits.
  private func files() throws -> [(split: String, path: String)] {
    guard SourceFolder.isFolder(source) else {
      let split = options.splits?.first ?? "train"
      try SplitNames.check(split)
      return [(split, source)]
    }
    let folder = SourceFolder.isFolder(source + "/annotations") ? source + "/annotations" : source
    let names = try SourceFolder(folder).files(in: "", ending: "json").filter { !$0.contains("/") }
    guard !names.isEmpty else {
      throw Failure(.missingInput, "there is no JSON file in \(folder)", remedy: "give the annotations' file itself")
    }
    if names.count == 1, options.splits?.count ?? 1 == 1 {
      return [(options.splits?.first ?? Self.split(of: names[0]) ?? "train", "\(folder)/\(names[0])")]
    }
    let wanted = options.splits?.map(FolderNames.split(of:))
    let instances = names.filter { $0.hasPrefix("instances") }
    let found = (instances.isEmpty ? names : instances).compactMap { name in
      Self.split(of: name).flatMap { wanted?.contains($0) == false ? nil : (split: $0, path: "\(folder)/\(name)") }
    }
    guard !found.isEmpty, Set(found.map(\.split)).count == found.count else {
      throw Failure(
        .missingInput, "\(folder) has \(names.count) JSON files, and their names do not say which split each is",
        remedy: "import one file after the other, with --split")
    }
    return found
  }

  /// "instances_val2017.json" is `val`; nil: the name does not say.
  private static func split(of name: String) -> String? {
    let words = name.lowercased().split { !$0.isLetter }.map(String.init)
    return words.lazy.map(FolderNames.split(of:)).first { ["train", "val", "test"].contains($0) }
  }

  private func pairs(_ part: Part, _ classes: ShapeClasses) throws -> [ImportPair] {
    let names = Dictionary(part.file.categories.map { ($0.id, $0.name) }, uniquingKeysWith: { first, _ in first })
    var shapes: [Int: [Shape]] = [:]
    let sizes = Dictionary(part.file.images.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    for (index, annotation) in part.file.annotations.enumerated() {
      let place = "\(part.path): annotation \(index)"
      guard let name = names[annotation.category_id], let picture = sizes[annotation.image_id] else {
        throw Failure(
          .badData,
          "\(place) is of category \(annotation.category_id) and image \(annotation.image_id), which are not "
            + "both there")
      }
      guard let segmentation = annotation.segmentation else { continue }
      let area = try COCOFile.area(segmentation, size: Self.size(picture), place)
      shapes[picture.id, default: []].append(Shape(label: try classes.label(of: name, place), area: area))
    }
    let bare = part.file.images.count { shapes[$0.id] == nil }
    if bare > 0 {
      options.note("\(part.path): \(bare) of \(part.file.images.count) images have no annotation: all background")
    }
    let pairs = try part.file.images.map { picture in
      ImportPair(
        key: "", image: try image(picture, part),
        label: .shapes(
          ShapeMap(
            name: "\(part.path): \(picture.file_name)", size: Self.size(picture), background: classes.backgroundLabel,
            shapes: shapes[picture.id] ?? [])))
    }
    return ImportPair.keyed(pairs, by: part.file.images.map { SourceFolder.withoutEnding($0.file_name) })
  }

  private static func size(_ picture: COCOFile.Picture) -> (height: Int, width: Int)? {
    if let height = picture.height, let width = picture.width { (height, width) } else { nil }
  }

  /// Where people keep the pictures of an annotation file.
  private func image(_ picture: COCOFile.Picture, _ part: Part) throws -> String {
    let folder = FileBytes.folder(of: part.path)
    let name = picture.file_name.replacing("\\", with: "/")
    if name.hasPrefix("/"), SourceFolder.exists(name) { return name }
    let above = FileBytes.folder(of: folder)
    let year = SourceFolder.stem(part.path).split(separator: "_").last.map(String.init) ?? ""
    let places = [folder, above].flatMap { base in
      ["", "images", year, part.split, "images/\(year)", "images/\(part.split)"].map { "\(base)/\($0)" }
    }
    guard let place = places.first(where: { SourceFolder.exists("\($0)/\(name)") }) else {
      throw Failure(
        .missingInput, "\(part.path): its image \(name.debugDescription) is not there",
        remedy: "put the pictures into \(folder)/images or \(above)/images")
    }
    return "\(place)/\(name)"
  }
}
