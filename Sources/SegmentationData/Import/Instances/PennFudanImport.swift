import Basics
import Detection
import ImageFiles

/// Pedestrians of Penn and Fudan (Wang et al. 2007), and whatever is laid out so: pictures, and beside them masks in which
/// each value but 0 is one person. Folders `PNGImages` and `PedMasks` as they are downloaded, or `images` and `masks`;
/// `train.txt` and `val.txt` divide them where they are there.
struct PennFudanImport {
  static let classNames = [InstanceClasses.background, "pedestrian"]
  /// More than this in one picture are no persons that somebody marked.
  private static let most = 10_000
  private static let splitNames = ["train", "val", "test"]

  private let source: String
  private let options: ImportOptions
  private let notes: ImageNotes
  private let annotationNotes: AnnotationNotes

  init(_ source: String, _ options: ImportOptions, _ notes: ImageNotes, _ annotationNotes: AnnotationNotes) {
    let inner = source + "/PennFudanPed"
    self.source = SourceFolder.isFolder(inner) ? inner : source
    self.options = options
    self.notes = notes
    self.annotationNotes = annotationNotes
  }

  func contents() throws -> [SplitContent] {
    let folder = SourceFolder(source)
    guard SourceFolder.isFolder(source) else { throw Failure(.missingInput, "there is no folder \(source)") }
    guard let images = folder.first(of: ["PNGImages", "images"]), let masks = folder.first(of: ["PedMasks", "masks"])
    else {
      throw Failure(
        .missingInput, "\(source) has no folders PNGImages and PedMasks (or images and masks)",
        remedy: "is \(source) the right folder?")
    }
    let pictures = try pictures(folder, in: images)
    return try splits(of: pictures).map { split, names in
      let pairs = names.map { name in
        ImagePair(image: "\(source)/\(images)/\(pictures[name] ?? name + ".png")", mask: mask(of: name, in: masks))
      }
      let keys = SampleKey.unique(names)
      let info = DatasetInfo(
        split: split, task: .instances, classNames: Self.classNames, palette: Palette.voc, ignoreLabel: -1,
        channels: options.channels ?? 3, sampleCount: pairs.count)
      return SplitContent(info: info) { [notes, annotationNotes] index in
        try Self.sample(pairs[index], key: keys[index], channels: info.channels, notes) { event in
          annotationNotes.add(event, place: index, pairs[index].mask)
        }
      }
    }
  }

  private struct ImagePair: Sendable {
    let image: String
    let mask: String
  }

  /// The pictures below a folder by their paths in it without endings.
  private func pictures(_ folder: SourceFolder, in images: String) throws -> [String: String] {
    var found: [String: String] = [:]
    for path in try folder.pictures(in: images) {
      if let other = found.updateValue(path, forKey: SourceFolder.withoutEnding(path)) {
        throw Failure(
          .badData, "\(source)/\(images) has \(other) and \(path): they have the same name but for the ending",
          remedy: "keep one of them")
      }
    }
    return found
  }

  private func mask(of name: String, in masks: String) -> String {
    let own = "\(source)/\(masks)/\(name)"
    return SourceFolder.exists(own + "_mask.png") ? own + "_mask.png" : own + ".png"
  }

  /// Names of the pictures of each split.
  private func splits(of pictures: [String: String]) throws -> [(split: String, names: [String])] {
    let list = { (split: String) in "\(source)/\(split).txt" }
    let hasList = Self.splitNames.contains { split in
      FolderNames.synonyms(of: split).contains { SourceFolder.exists(list($0)) }
    }
    guard hasList else {
      let wanted = options.splits ?? ["train"]
      try wanted.forEach(SplitNames.check)
      guard wanted.count == 1, !pictures.isEmpty else {
        throw Failure(.missingInput, "\(source) has \(pictures.count) pictures, and no lists train.txt, val.txt")
      }
      return [(wanted[0], pictures.keys.sorted())]
    }
    let lists = try SplitNames.found(
      options.splits, usual: Self.splitNames, in: source, note: options.note, list)
    let stems = Dictionary(grouping: pictures.keys, by: SourceFolder.stem)
    return try lists.map { split, path in
      let names = try ListFile(path: path, folder: source).identifiers(known: Set(stems.keys), note: options.note)
      return (split, try names.map { try Self.picture($0, stems[$0] ?? [], path) })
    }
  }

  /// The one that a list means.
  private static func picture(_ name: String, _ found: [String], _ list: String) throws -> String {
    guard found.count > 1 else { return found.first ?? name }
    throw Failure(
      .badData, "\(list): '\(name)' may be any of \(found.sorted().joined(separator: ", "))",
      remedy: "give pictures in different folders different names")
  }

  /// Are these pixels noise? What is a thing has longer runs.
  private static func isScattered(_ mask: RunLengths) -> Bool {
    let runCount = mask.counts.count / 2
    return runCount >= 3 && mask.area < 2 * runCount
  }

  private static func sample(
    _ pair: ImagePair, key: String, channels: Int, _ notes: ImageNotes, say: (AnnotationNotes.Event) -> Void
  ) throws -> RawSample {
    for path in [pair.image, pair.mask] where !SourceFolder.exists(path) {
      throw Failure(
        .missingInput, "there is no \(path)",
        remedy: "a picture NAME.png or NAME.jpg has its mask in NAME_mask.png or NAME.png")
    }
    let image = try ImageFile.read(pair.image, notes: notes)
    let label = try LabelImage(path: pair.mask)
    guard case .values(let values) = label.content else {
      throw Failure(.badData, "\(pair.mask) is a picture in colours, not one number for each person")
    }
    guard label.width == image.width, label.height == image.height else {
      throw Failure(
        .badData,
        "\(pair.image) is \(image.width) x \(image.height), its mask \(pair.mask) \(label.width) x \(label.height)")
    }
    var sample = try RawSample(
      image, key: key, labels: [], task: .instances, channels: channels, name: pair.image)
    let instances = InstanceAnnotations(
      numbered: values, height: label.height, width: label.width, ofClass: { _ in 1 })
    guard instances.count <= most else {
      throw Failure(
        .badData, "\(pair.mask) has \(instances.count) different numbers",
        remedy: "is it a photograph, and not a mask?")
    }
    sample.instances = instances
    if instances.count == 1, values.contains(255) { say(.oneNumber) }
    for mask in instances.masks where isScattered(mask) { say(.scattered) }
    return sample
  }
}
