import Basics
import Collectives
import Foundation
import ImageFiles
import SegmentationData
import Training

/// Label images that any system wrote for the samples of a split: one PNG for each, named by the sample's key.
struct ForeignPredictions {
  let folder: String
  private let dataset: Dataset
  /// Of each sample of the split.
  private let paths: [String]
  /// Class of each colour of the dataset's palette that one class alone has, as 0xRRGGBB.
  private let classes: [Int: UInt16]

  /// - Throws: `Failure(.missingInput)` that names samples without an image; `Failure(.badData)` where two images are
  ///   of one name.
  init(folder: String, dataset: Dataset) throws {
    try dataset.require(.semantic, for: "--predictions")
    self.folder = folder
    self.dataset = dataset
    paths = try Self.paths(of: dataset, in: folder)
    classes = Self.classes(of: dataset.info)
  }

  /// Counts every image of the split once, shared among the ranks: the same bits for any number of them.
  ///
  /// - Returns: an evaluation whose loss is not a number: labels alone have none.
  /// - Throws: `Failure(.badData)` naming the image, and the pixel where a label is none of the classes.
  /// - Important: Collective.
  func evaluate(over group: any ProcessGroup) throws -> Evaluation {
    let count = dataset.sampleCount
    var confusion = ConfusionMatrix(classCount: dataset.info.classCount)
    var raw = RawSample()
    for index in (count * group.rank / group.size)..<(count * (group.rank + 1) / group.size) {
      try dataset.readLabels(index, into: &raw)
      let labels = try labels(index, truth: raw.labels)
      raw.labels.withUnsafeBufferPointer { truth in
        labels.withUnsafeBufferPointer {
          confusion.accumulate(labels: truth, predictions: $0, ignoreLabel: dataset.info.ignoreValue)
        }
      }
    }
    try confusion.allReduce(over: group)
    return Evaluation(confusion: confusion, imageCount: count, loss: .nan)
  }

  /// The labels of one image, each of them a class wherever the truth is one.
  private func labels(_ index: Int, truth: [UInt16]) throws -> [UInt16] {
    let path = paths[index]
    let image = try ImageFile.read(path)
    let size = dataset.size(index)
    guard image.height == size.height, image.width == size.width else {
      throw Failure(
        .badData,
        "\(path) is \(image.width) x \(image.height), but \(dataset.key(index)) is \(size.width) x \(size.height)",
        remedy: "resize the prediction to the sample's size, by the nearest pixel")
    }
    let labels = try labels(of: image, path)
    let (ignored, classCount) = (dataset.info.ignoreValue, dataset.info.classCount)
    for (place, label) in labels.enumerated()
    where label >= classCount && truth[place] != ignored && truth[place] < classCount {
      let what = image.channels == 3 ? "a colour that is no class's" : "the label \(label)"
      throw Failure(
        .badData,
        "\(path) has \(what) at row \(place / size.width), column \(place % size.width); the dataset has "
          + "\(counted(classCount, "class", "classes"))",
        remedy: "write labels 0 to \(classCount - 1), or the colours of the dataset's palette")
    }
    return labels
  }

  private func labels(of image: Image, _ path: String) throws -> [UInt16] {
    switch (image.channels, image.pixels) {
    case (1, .uint8(let values)): return values.map(UInt16.init)
    case (1, .uint16(let values)): return values
    case (3, .uint8(let values)):
      return (0..<image.width * image.height).map { pixel in
        let colour = Int(values[3 * pixel]) << 16 | Int(values[3 * pixel + 1]) << 8 | Int(values[3 * pixel + 2])
        return classes[colour] ?? .max
      }
    default:
      throw Failure(
        .badData, "\(path) has \(image.channels) channels of \(image.bitDepth) bits: not an image of labels",
        remedy: "write a palette PNG, a grey one of 8 or 16 bits, or the palette's colours in RGB")
    }
  }

  private static func classes(of info: DatasetInfo) -> [Int: UInt16] {
    var classes: [Int: UInt16] = [:]
    var shared: Set<Int> = []
    for label in 0..<min(info.classCount, info.palette.count / 3) {
      let colour = info.palette[(3 * label)..<(3 * label + 3)].reduce(0) { $0 << 8 | Int($1) }
      if classes.updateValue(UInt16(label), forKey: colour) != nil { shared.insert(colour) }
    }
    return classes.filter { !shared.contains($0.key) }
  }

  private static func paths(of dataset: Dataset, in folder: String) throws -> [String] {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
      throw Failure(.missingInput, "cannot read the folder \(folder)", remedy: "give the folder of the label PNGs")
    }
    let images = Dictionary(
      grouping: names.filter { $0.lowercased().hasSuffix(".png") }, by: SampleKey.make(fromFileName:))
    let keys = (0..<dataset.sampleCount).map(dataset.key)
    let missing = keys.filter { images[$0] == nil }
    guard missing.isEmpty else {
      throw Failure(
        .missingInput,
        "\(folder) lacks \(missing.count) of the \(keys.count) images of split \(dataset.info.split): "
          + missing.prefix(5).map { "\($0).png" }.joined(separator: ", ") + (missing.count > 5 ? ", …" : ""),
        remedy: "name each image by its sample's key ('fcn-dist dataset show' prints them), or choose another --split")
    }
    return try keys.map { key in
      let found = (images[key] ?? []).sorted()
      guard found.count == 1 else {
        throw Failure(
          .badData, "\(folder) has several images for \(key): \(found.joined(separator: ", "))",
          remedy: "leave one of them")
      }
      return "\(folder)/\(found[0])"
    }
  }
}
