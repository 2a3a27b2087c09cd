import Basics
import Storage

/// Finds the samples of a file: one in two datasets, many along the first dimension of both, or many in two groups.
struct HDF5Survey {
  let image: String
  let label: String

  /// - Returns: the samples, and what each is called.
  /// - Throws: `Failure` that names the file and the dataset: not there, or shapes that do not fit.
  func samples(in path: String) throws -> [(sample: HDF5Sample, name: String)] {
    let file = try HDF5File.open(path)
    for place in [image, label] where !file.root.contains(place) {
      let names = try file.root.childNames().prefix(8).joined(separator: ", ")
      throw Failure(.badData, "\(path) has no \(place)", remedy: "it has: \(names)")
    }
    let stem = SourceFolder.stem(path)
    guard file.root.isGroup(image) else {
      let found = try samples(path, try file.root.dataset(image), try file.root.dataset(label), image, label)
      try file.close()
      guard found.count > 1 || found.first?.row != nil else { return found.map { ($0, stem) } }
      return found.map { ($0, "\(stem)/\(Self.padded($0.row ?? 0))") }
    }
    let (images, labels) = (try file.root.group(image), try file.root.group(label))
    let names = try images.childNames()
    let found = try names.flatMap { name in
      guard labels.contains(name) else {
        throw Failure(.badData, "\(path): \(image)/\(name) has no label in \(label)")
      }
      return try samples(
        path, try images.dataset(name), try labels.dataset(name), "\(image)/\(name)", "\(label)/\(name)"
      ).map { (sample: $0, name: "\(stem)/\(name)") }
    }
    try file.close()
    return found
  }

  private static func padded(_ row: Int) -> String {
    String(repeating: "0", count: max(0, 5 - String(row).count)) + String(row)
  }

  private func samples(
    _ path: String, _ image: HDF5Dataset, _ label: HDF5Dataset, _ imagePath: String, _ labelPath: String
  ) throws -> [HDF5Sample] {
    var labelShape = label.shape
    // A channel of one, as some write it.
    if labelShape.count > 2, labelShape.last == 1 { labelShape.removeLast() }
    let wrong = Failure(
      .badData, "\(path): \(imagePath) is \(image.shape) and \(labelPath) \(label.shape)",
      remedy: "an image is [H, W, C], [C, H, W] or [H, W] and its label [H, W], or both have the samples in front")
    let many = labelShape.count == 3
    guard labelShape.count == 2 || many, !labelShape.contains(0), !many || image.shape.first == labelShape[0],
      let form = Self.form(many ? Array(image.shape.dropFirst()) : image.shape, Array(labelShape.suffix(2)))
    else { throw wrong }
    guard image.type != .string, image.type != .other, label.type != .string, label.type != .other else {
      throw Failure(.badData, "\(path): \(imagePath) and \(labelPath) do not hold numbers")
    }
    // Before anything is as long as a damaged file claims.
    try HDF5Numbers.check(image)
    try HDF5Numbers.check(label)
    let rows: [Int?] = many ? (0..<labelShape[0]).map { $0 } : [nil]
    return rows.map { row in
      HDF5Sample(
        path: path, image: imagePath, label: labelPath, row: row, height: labelShape[labelShape.count - 2],
        width: labelShape[labelShape.count - 1], channels: form.channels, isChannelsFirst: form.isChannelsFirst)
    }
  }

  /// Where the channels of an image are, told by the label's height and width; last where both could be.
  private static func form(_ image: [Int], _ label: [Int]) -> (channels: Int, isChannelsFirst: Bool)? {
    if image == label { return (1, false) }
    guard image.count == 3 else { return nil }
    if Array(image.prefix(2)) == label, image[2] > 0 { return (image[2], false) }
    return Array(image.suffix(2)) == label && image[0] > 0 ? (image[0], true) : nil
  }
}
