import Basics
import ImageFiles
import SegmentationData

/// The images to predict: image files, or a split of a dataset.
enum PredictionInput {
  case files([String])
  case split(Dataset)

  var count: Int {
    switch self {
    case .files(let paths): paths.count
    case .split(let dataset): dataset.sampleCount
    }
  }

  var dataset: Dataset? {
    if case .split(let dataset) = self { return dataset }
    return nil
  }

  /// What the result of an image is called.
  func key(_ index: Int) -> String {
    switch self {
    case .files(let paths): SampleKey.make(fromFileName: paths[index])
    case .split(let dataset): dataset.key(index)
    }
  }

  /// - Throws: `Failure` naming the file when it cannot be read or is no image.
  func size(_ index: Int) throws -> (height: Int, width: Int) {
    switch self {
    case .files(let paths):
      let header = try ImageFile.header(paths[index])
      return (header.height, header.width)
    case .split(let dataset): return dataset.size(index)
    }
  }

  /// The image; its labels are a dataset's own, or all zero.
  ///
  /// - Throws: `Failure` naming the file when it cannot be read, or is not of the kind that `normalisation` is for.
  func read(_ index: Int, normalisation: Normalisation) throws -> RawSample {
    switch self {
    case .files(let paths):
      let image = try ImageFile.read(paths[index])
      let labels = [UInt16](repeating: 0, count: image.width * image.height)
      let sample = try RawSample(
        image, key: key(index), labels: labels, channels: normalisation.mean.count, name: paths[index])
      try normalisation.check(sample, name: paths[index])
      return sample
    case .split(let dataset): return try dataset.read(index)
    }
  }

  /// Refuses two files whose results would have one name.
  func checkKeysDiffer() throws {
    guard case .files(let paths) = self else { return }
    var known: [String: String] = [:]
    for (index, path) in paths.enumerated() {
      if let other = known.updateValue(path, forKey: key(index)) {
        throw Failure(
          .usage, "the predictions of \(other) and \(path) would both be called \(key(index))",
          remedy: "predict them one after the other, into different folders")
      }
    }
  }
}
