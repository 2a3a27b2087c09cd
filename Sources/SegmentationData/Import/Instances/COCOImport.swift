import Basics
import Detection
import ImageFiles

/// COCO's instances: a folder of images and a JSON file. Classes are the categories in the order of their ids, from 1 on,
/// whatever holes the ids have; 0 is the background.
struct COCOImport {
  private let folder: String
  private let options: ImportOptions
  private let notes: ImageNotes
  private let annotationNotes: AnnotationNotes

  init(_ folder: String, _ options: ImportOptions, _ notes: ImageNotes, _ annotationNotes: AnnotationNotes) {
    self.folder = folder
    self.options = options
    self.notes = notes
    self.annotationNotes = annotationNotes
  }

  /// One split.
  func contents() throws -> [SplitContent] {
    guard SourceFolder.isFolder(folder) else { throw Failure(.missingInput, "there is no folder \(folder)") }
    guard let path = options.annotations else {
      throw Failure(.usage, "an import of COCO's instances needs the file of annotations")
    }
    guard SourceFolder.exists(path) else { throw Failure(.missingInput, "there is no \(path)") }
    let split = options.splits?.first ?? "train"
    try SplitNames.check(split)
    let catalogue = try COCOCatalogue(path: path)
    let classes = try InstanceClasses(catalogue.categories, options.labels.classNames, path)
    say(catalogue, classes, split)
    let info = DatasetInfo(
      split: split, task: .instances, classNames: classes.names, palette: Palette.voc, ignoreLabel: -1,
      channels: options.channels ?? 3, sampleCount: catalogue.pictures.count)
    let reader = COCOReader(
      catalogue: catalogue, classes: classes, folder: folder, channels: info.channels,
      keys: SampleKey.unique(catalogue.pictures.map { SourceFolder.withoutEnding($0.name) }),
      file: try ShardFile(path: path), notes: notes, annotationNotes: annotationNotes)
    return [SplitContent(info: info) { try reader.sample($0) }]
  }

  private func say(_ catalogue: COCOCatalogue, _ classes: InstanceClasses, _ split: String) {
    let crowds = catalogue.count { $0.isCrowd }
    options.note(
      "\(split): \(catalogue.markCount) annotations (\(crowds) of them crowds) in \(catalogue.pictures.count) images; "
        + "\(catalogue.pictureWithoutMarksCount) images have none and are kept")
    if catalogue.categories.last.map({ $0.id != catalogue.categories.count }) == true {
      options.note("\(split): category ids become classes 1 to \(classes.names.count - 1), in the ids' order")
    }
    let others = catalogue.count { classes.labels[$0.category] == nil }
    if others > 0 {
      let what =
        options.labels.classNames == nil ? "'\(InstanceClasses.background)'" : "other categories than --classes"
      options.note("\(split): \(others) annotations of \(what): left out")
    }
  }
}

/// Names and numbers of the classes that categories become.
struct InstanceClasses: Sendable {
  static let background = "background"

  /// The first is the background.
  let names: [String]
  /// By the category's id; none where --classes leaves it out.
  let labels: [Int: UInt16]

  /// - Parameter wanted: the classes in their order, with or without the background; nil: all.
  /// - Throws: `Failure` where there are none, or too many.
  init(_ categories: [COCOCatalogue.Category], _ wanted: [String]?, _ path: String) throws {
    // What is nothing has no instances, whether the file counts it among its categories or not.
    let given = wanted ?? categories.map(\.name).filter { $0 != Self.background }
    let names = wanted?.first == Self.background ? given : [Self.background] + given
    guard names.count > 1, names.count <= DatasetInfo.maximumClassCount, Set(given).count == given.count else {
      throw Failure(.badData, "\(path) has \(categories.count) categories, which cannot be told apart as classes")
    }
    let numbers = Dictionary(
      zip(names.dropFirst(), 1...).map { ($0, UInt16($1)) }, uniquingKeysWith: { first, _ in first })
    self.names = names
    labels = Dictionary(
      uniqueKeysWithValues: categories.compactMap { category in numbers[category.name].map { (category.id, $0) } })
  }
}

/// Makes samples of COCO's images and annotations, by several threads.
private struct COCOReader: Sendable {
  let catalogue: COCOCatalogue
  let classes: InstanceClasses
  let folder: String
  let channels: Int
  let keys: [String]
  let file: ShardFile
  let notes: ImageNotes
  let annotationNotes: AnnotationNotes

  func sample(_ index: Int) throws -> RawSample {
    let picture = catalogue.pictures[index]
    let path = "\(folder)/\(picture.name)"
    guard SourceFolder.exists(path) else { throw Failure(.missingInput, "image \(picture.id), \(path), is not there") }
    let image = try ImageFile.read(path, notes: notes)
    if let size = picture.size, size != (image.height, image.width) {
      throw Failure(
        .badData,
        "\(path) is \(image.width) x \(image.height), and \(catalogue.path) says \(size.width) x \(size.height)",
        remedy: "was the picture scaled or turned after it was annotated?")
    }
    var sample = try RawSample(
      image, key: keys[index], labels: [], task: .instances, channels: channels, name: path)
    var instances = InstanceAnnotations()
    for mark in catalogue.marks(ofPicture: index) {
      guard let label = classes.labels[mark.category] else { continue }
      let name = "annotation \(mark.id.map { "\($0)" } ?? "") of image \(picture.id) (\(picture.name))"
      guard let mask = try mask(mark, image, index, name), let box = try box(mark, mask, image, index, name) else {
        continue
      }
      instances.append(box, ofClass: label, isCrowd: mark.isCrowd, mask)
    }
    sample.instances = instances
    return sample
  }

  private func mask(
    _ mark: COCOCatalogue.Mark, _ image: Image, _ place: Int, _ name: String
  ) throws -> RunLengths? {
    let bytes: [UInt8] = try file.values(count: mark.outline.count, at: mark.outline.lowerBound, name)
    let text = JSONReader(bytes, name: "\(catalogue.path): \(name)", offset: mark.outline.lowerBound)
    guard !bytes.isEmpty else { throw COCOOutline.missing(text) }
    let (mask, hasThinRing) = try COCOOutline.mask(text, height: image.height, width: image.width)
    guard let mask else {
      annotationNotes.add(.thinOutline, place: place, name)
      return nil
    }
    if hasThinRing { annotationNotes.add(.thinRing, place: place, name) }
    if mask.area == 0 { annotationNotes.add(.noPixel, place: place, name) }
    return mask
  }

  /// That of the file, within the image; that of the mask where the file has none.
  private func box(
    _ mark: COCOCatalogue.Mark, _ mask: RunLengths, _ image: Image, _ place: Int, _ name: String
  ) throws -> Box? {
    let around = Box(mask.boundingBox)
    let stated = mark.box ?? around
    let box = stated.clipped(width: image.width, height: image.height)
    guard stated.width > 0, stated.height > 0 else {
      annotationNotes.add(.emptyBox, place: place, name)
      return nil
    }
    guard box.width > 0, box.height > 0 else {
      throw Failure(
        .badData,
        "\(catalogue.path): \(name) has the bbox \(stated.x1), \(stated.y1), \(stated.width), \(stated.height), which "
          + "lies outside of the image's \(image.width) x \(image.height)",
        remedy: "a bbox is x, y, width, height in pixels")
    }
    if stated.distance(to: box) > 0.01 { annotationNotes.add(.clippedBox, place: place, name) }
    if !mark.isCrowd, mask.area > 0, box.distance(to: around) > 3, box.overlap(with: around) < 0.5 {
      annotationNotes.add(.otherBox, place: place, name)
    }
    return box
  }
}

extension Box {
  /// The largest difference of a coordinate, in pixels.
  fileprivate func distance(to other: Box) -> Float {
    max(abs(x1 - other.x1), abs(y1 - other.y1), abs(x2 - other.x2), abs(y2 - other.y2))
  }
}
