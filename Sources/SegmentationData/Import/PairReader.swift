import Basics
import ImageFiles

/// Makes a sample of an image file and its label.
struct PairReader: Sendable {
  private let info: DatasetInfo
  private let code: LabelCode
  private let notes: ImageNotes

  /// - Parameter notes: counts what was done to the pictures.
  init(_ plan: ImportPlan, _ notes: ImageNotes) {
    self.notes = notes
    info = plan.info
    code = plan.code
  }

  /// - Throws: `Failure` naming the file: not an image, sizes that differ, other channels, a label that is no class.
  func read(_ pair: ImportPair) throws -> RawSample {
    let image = try ImageFile.read(pair.image, notes: notes)
    let labels = try labels(pair, image)
    do {
      try LabelCheck(info).check(labels, width: image.width, "\(pair.label.name): label '\(pair.key)'")
    } catch let failure as Failure {
      throw Failure(
        failure.kind, failure.message,
        remedy: "say with --values or --map what the values are, or with --ignore VALUE which are of no class")
    }
    return try RawSample(
      image, key: pair.key, labels: labels, task: info.task, channels: info.channels, name: pair.image)
  }

  private func labels(_ pair: ImportPair, _ image: Image) throws -> [UInt16] {
    switch pair.label {
    case .imageClass(let number, _): return [number]
    case .shapes(let map): return try map.labels(height: image.height, width: image.width)
    case .file(let path):
      let label = try LabelImage(path: path, byColour: code.isOfColours)
      guard image.width == label.width, image.height == label.height else {
        throw Failure(
          .badData,
          "\(pair.image) is \(image.width) x \(image.height), its label \(path) \(label.width) x \(label.height)")
      }
      return try code.labels(of: label)
    }
  }
}
