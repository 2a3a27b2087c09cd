import Basics
import Collectives
import ImageFiles
import SegmentationData
import Training

/// Label images that any system wrote for the samples of a split: one PNG for each.
struct ForeignPredictions {
  let folder: String
  /// What was understood of the images, for people; nil: their numbers are classes.
  private(set) var note: String?
  private let dataset: Dataset
  /// Of each sample of the split.
  private let paths: [String]
  /// Class of each colour of the dataset's palette that one class alone has, as 0xRRGGBB.
  private let classes: [Int: UInt16]
  /// The class of each number, .max where it has none; nil: a number is a class.
  private var meanings: [UInt16]?

  /// - Throws: `Failure(.missingInput)` that names samples without an image; `Failure(.badData)` where two images
  ///   are of one name.
  init(folder: String, dataset: Dataset) throws {
    try dataset.require(.semantic, for: "--predictions")
    self.folder = folder
    self.dataset = dataset
    paths = try PredictionNames(folder).paths(of: dataset)
    classes = Self.classes(of: dataset.info)
  }

  /// Finds out what the images' numbers are: classes, or for Cityscapes' data its own label ids, which go to 33. All
  /// images are looked at, for a few alone could do without the high ones.
  ///
  /// - Important: Collective.
  mutating func settle(over group: any ProcessGroup) throws {
    guard let identifiers = dataset.info.cityscapesIdentifiers else { return }
    var highest: Int64 = 0
    for index in share(of: group) {
      guard let values = try numbers(of: ImageFile.read(paths[index]), paths[index]) else { continue }
      // 255 is no class in either.
      highest = max(highest, Int64(values.filter { $0 != 255 }.max() ?? 0))
    }
    highest = try group.allReduce(highest, .maximum)
    guard highest >= identifiers.count else { return }
    var meanings = [UInt16](repeating: .max, count: 65_536)
    for (label, identifier) in identifiers.enumerated() { meanings[Int(identifier)] = UInt16(label) }
    self.meanings = meanings
    note = "\(folder): its numbers go to \(highest), so they are Cityscapes' label ids (7 road, 8 sidewalk, …)"
  }

  /// Counts every image of the split once, shared among the ranks: the same bits for any number of them.
  ///
  /// - Returns: an evaluation whose loss is not a number: labels alone have none.
  /// - Throws: `Failure(.badData)` naming the image, and the pixel where a label is none of the classes.
  /// - Important: Collective.
  func evaluate(over group: any ProcessGroup) throws -> Evaluation {
    var tally = PixelTally(classCount: dataset.info.classCount)
    var raw = RawSample()
    for index in share(of: group) {
      try dataset.readLabels(index, into: &raw)
      tally.accumulate(
        labels: raw.labels, predictions: try labels(index, truth: raw.labels), height: raw.height, width: raw.width,
        ignoreLabel: dataset.info.ignoreValue)
    }
    try tally.allReduce(over: group)
    return tally.evaluation
  }

  private func share(of group: any ProcessGroup) -> Range<Int> {
    let count = dataset.sampleCount
    return (count * group.rank / group.size)..<(count * (group.rank + 1) / group.size)
  }

  /// The labels of one image, each of them a class wherever the truth is one.
  ///
  /// - Throws: as `evaluate`.
  func labels(_ index: Int, truth: [UInt16]) throws -> [UInt16] {
    let path = paths[index]
    let image = try ImageFile.read(path)
    let size = dataset.size(index)
    guard image.height == size.height, image.width == size.width else {
      throw Failure(
        .badData,
        "\(path) is \(image.width) x \(image.height), but \(dataset.key(index)) is \(size.width) x \(size.height)",
        remedy: "resize the prediction to the sample's size, by the nearest pixel")
    }
    let values = try numbers(of: image, path)
    let labels =
      try values.map { values in meanings.map { meanings in values.map { meanings[Int($0)] } } ?? values }
      ?? colours(of: image, path)
    let (ignored, classCount) = (dataset.info.ignoreValue, dataset.info.classCount)
    for (place, label) in labels.enumerated()
    where label >= classCount && truth[place] != ignored && truth[place] < classCount {
      let what = values.map { "the label \($0[place])" } ?? "a colour that is no class's"
      throw Failure(
        .badData,
        "\(path) has \(what) at row \(place / size.width), column \(place % size.width); the dataset has "
          + "\(counted(classCount, "class", "classes"))\(meanings == nil || values == nil ? "" : ", here as Cityscapes' label ids")",
        remedy: "write labels 0 to \(classCount - 1), or the colours of the dataset's palette")
    }
    return labels
  }

  /// The number of each pixel; nil: colours say its class.
  private func numbers(of image: Image, _ path: String) throws -> [UInt16]? {
    switch (image.channels, image.pixels) {
    case (1, .uint8(let values)): try isMeantByColour(values, image.palette, path) ? nil : values.map(UInt16.init)
    case (1, .uint16(let values)): values
    default: nil
    }
  }

  /// Whether an image's own palette gives classes' colours to other indices than the dataset does.
  private func isMeantByColour(_ values: [UInt8], _ palette: [UInt8]?, _ path: String) throws -> Bool {
    guard let palette else { return false }
    let used = Set(values).map(Int.init).filter { 3 * $0 + 2 < palette.count }.sorted()
    let meant = used.map { classes[Self.colour(palette, 3 * $0)] }
    guard let other = zip(used, meant).first(where: { $1 != nil && Int($1 ?? 0) != $0 }) else { return false }
    // What has no class may have any colour.
    let isWhole = zip(used, meant).allSatisfy { $1 != nil || $0 >= dataset.info.classCount }
    guard isWhole else {
      throw Failure(
        .badData,
        "\(path): its palette gives index \(other.0) the colour of class \(other.1 ?? 0), and others none of a class: "
          + "its numbers and its colours say different things",
        remedy: "write the dataset's palette, or grey PNGs whose values are the classes")
    }
    return true
  }

  private func colours(of image: Image, _ path: String) throws -> [UInt16] {
    let colourful = image.palette == nil ? image : image.resolvingPalette()
    guard case .uint8(let values) = colourful.pixels, colourful.channels == 3 || colourful.channels == 4,
      colourful.channels == 3 || colourful.hasOpaqueAlpha
    else {
      throw Failure(
        .badData, "\(path) has \(image.channels) channels of \(image.bitDepth) bits: not an image of labels",
        remedy: "write a palette PNG, a grey one of 8 or 16 bits, or the palette's colours in RGB")
    }
    return stride(from: 0, to: values.count, by: colourful.channels).map {
      classes[Self.colour(values, $0)] ?? .max
    }
  }

  private static func colour(_ values: [UInt8], _ place: Int) -> Int {
    Int(values[place]) << 16 | Int(values[place + 1]) << 8 | Int(values[place + 2])
  }

  private static func classes(of info: DatasetInfo) -> [Int: UInt16] {
    var classes: [Int: UInt16] = [:]
    var shared: Set<Int> = []
    for label in 0..<min(info.classCount, info.palette.count / 3) {
      let colour = Self.colour(info.palette, 3 * label)
      if classes.updateValue(UInt16(label), forKey: colour) != nil { shared.insert(colour) }
    }
    return classes.filter { !shared.contains($0.key) }
  }
}
