import Basics
import ImageFiles
import SegmentationData

/// The images to predict: image files, or a split of a dataset.
enum PredictionInput {
  case files([PredictionSource])
  case split(Dataset)

  var count: Int {
    switch self {
    case .files(let sources): sources.count
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
    case .files(let sources): sources[index].key
    case .split(let dataset): dataset.key(index)
    }
  }

  /// - Throws: `Failure` naming the file when it cannot be read or is no image.
  func size(_ index: Int) throws -> (height: Int, width: Int) {
    switch self {
    case .files(let sources):
      let header = try ImageFile.header(sources[index].path)
      return (header.height, header.width)
    case .split(let dataset): return dataset.size(index)
    }
  }

  /// The image; its labels are a dataset's own, or all zero.
  ///
  /// - Throws: `Failure` naming the file when it cannot be read, or is not of the kind that `normalisation` is for.
  func read(_ index: Int, normalisation: Normalisation, notes: ImageNotes? = nil) throws -> RawSample {
    switch self {
    case .files(let sources):
      let image = try ImageFile.read(sources[index].path, notes: notes)
      let labels = [UInt16](repeating: 0, count: image.width * image.height)
      let sample = try RawSample(
        image, key: key(index), labels: labels, channels: normalisation.mean.count, name: sources[index].path)
      try normalisation.check(sample, name: sources[index].path)
      return sample
    case .split(let dataset): return try dataset.read(index)
    }
  }

  /// The size of the first image that can be read.
  ///
  /// - Throws: `Failure` when there is none.
  func firstSize() throws -> (height: Int, width: Int) {
    guard case .files = self, count > 0 else { return try size(0) }
    var failures = PredictionFailures()
    for index in 0..<count {
      do {
        return try size(index)
      } catch let failure as Failure where failure.isOfFile {
        failures.add(failure, at: index)
      }
    }
    throw failures.failure(of: count)
  }
}
