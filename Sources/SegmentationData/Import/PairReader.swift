import Basics
import ImageFiles

/// Makes a sample of an image file and its label's file.
struct PairReader: Sendable {
  private let info: DatasetInfo

  init(_ info: DatasetInfo) { self.info = info }

  /// - Throws: `Failure` naming the file: not an image, sizes that differ, other channels, a label that is no class.
  func read(_ pair: ImportPair) throws -> RawSample {
    let image = try ImageFile.read(pair.image)
    let label = try LabelImage(path: pair.label)
    guard image.width == label.width, image.height == label.height else {
      throw Failure(
        .badData,
        "\(pair.image) is \(image.width) x \(image.height), its label \(pair.label) "
          + "\(label.width) x \(label.height)")
    }
    try LabelCheck(info).check(label.values, width: label.width, "\(pair.label): label '\(pair.key)'")
    return try RawSample(image, key: pair.key, labels: label.values, channels: info.channels, name: pair.image)
  }
}

/// A picture whose values are labels.
struct LabelImage {
  let width: Int
  let height: Int
  /// height x width
  let values: [UInt16]
  let palette: [UInt8]?

  /// - Throws: `Failure(.badData)` if it is no PNG (JPEG would change values), or has colours instead of one number a
  ///   pixel.
  init(path: String) throws {
    let image = try PNG.read(path)
    guard image.channels == 1 else {
      throw Failure(
        .badData, "\(path) has \(image.channels) channels: a label has one number for each pixel",
        remedy: "store labels as grey or palette PNG, the value being the class")
    }
    switch image.pixels {
    case .uint8(let bytes): values = bytes.map { UInt16($0) }
    case .uint16(let words): values = words
    }
    width = image.width
    height = image.height
    palette = image.palette
  }
}
