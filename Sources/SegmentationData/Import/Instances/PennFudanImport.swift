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

  init(_ source: String, _ options: ImportOptions, _ notes: ImageNotes) {
    let inner = source + "/PennFudanPed"
    self.source = SourceFolder.isFolder(inner) ? inner : source
    self.options = options
    self.notes = notes
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
    let pictures = try folder.pictures(in: images)
    let places = Dictionary(pictures.map { (SourceFolder.stem($0), $0) }, uniquingKeysWith: { first, _ in first })
    return try splits(of: pictures).map { split, stems in
      let pairs = stems.map { stem in
        ImagePair(image: "\(source)/\(images)/\(places[stem] ?? stem + ".png")", mask: mask(of: stem, in: masks))
      }
      let keys = SampleKey.unique(stems)
      let info = DatasetInfo(
        split: split, task: .instances, classNames: Self.classNames, palette: Palette.voc, ignoreLabel: -1,
        channels: options.channels ?? 3, sampleCount: pairs.count)
      return SplitContent(info: info) { [notes] index in
        try Self.sample(pairs[index], key: keys[index], channels: info.channels, notes)
      }
    }
  }

  private struct ImagePair: Sendable {
    let image: String
    let mask: String
  }

  private func mask(of stem: String, in masks: String) -> String {
    let own = "\(source)/\(masks)/\(stem)"
    return SourceFolder.exists(own + "_mask.png") ? own + "_mask.png" : own + ".png"
  }

  /// Stems of the pictures of each split.
  private func splits(of pictures: [String]) throws -> [(split: String, stems: [String])] {
    let lists = Self.splitNames.filter { SourceFolder.exists("\(source)/\($0).txt") }
    guard !lists.isEmpty else {
      let wanted = options.splits ?? ["train"]
      try wanted.forEach(SplitNames.check)
      guard wanted.count == 1, !pictures.isEmpty else {
        throw Failure(.missingInput, "\(source) has \(pictures.count) pictures, and no lists train.txt, val.txt")
      }
      return [(wanted[0], pictures.map(SourceFolder.stem).sorted())]
    }
    return try (options.splits ?? lists).map { split in
      guard lists.contains(split) else { throw Failure(.missingInput, "there is no \(source)/\(split).txt") }
      let list = ListFile(path: "\(source)/\(split).txt", folder: source)
      return (split, try list.identifiers(note: options.note))
    }
  }

  private static func sample(_ pair: ImagePair, key: String, channels: Int, _ notes: ImageNotes) throws -> RawSample {
    for path in [pair.image, pair.mask] where !SourceFolder.exists(path) {
      throw Failure(.missingInput, "there is no \(path)")
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
    return sample
  }
}
