import Basics
import Storage

/// Where a shard keeps its labels: an array for each sample, one number for each in a single array, or the
/// instances of all in flat arrays (docs/formats.md sections 3 and 9).
enum ShardLabels {
  /// Where the label of a sample lies.
  enum Place: Sendable {
    /// So many class numbers; wide: of 16 bits, not 8.
    case values(offset: Int, count: Int, isWide: Bool)
    /// These of the shard.
    case instances(Range<Int>)
  }

  case perPixel(HDF5Group, path: String)
  case perImage(offset: Int)
  case perThing(InstanceTable)

  /// - Throws: `Failure` naming the file where `/labels` is not what the task wants.
  init(_ root: HDF5Group, _ info: DatasetInfo, _ path: String) throws {
    switch info.task {
    case .semantic: self = .perPixel(try root.group("labels"), path: path)
    case .instances: self = .perThing(try InstanceTable(root, sampleCount: info.sampleCount, path))
    case .classification:
      let labels = try root.dataset("labels")
      guard labels.shape == [info.sampleCount], labels.type == .uint16 else {
        throw Failure(
          .badData,
          "\(path): /labels is \(labels.shape) of \(labels.type.rawValue), not [\(info.sampleCount)] of uint16",
          remedy: "a dataset for classification has one class number for each image (docs/formats.md section 9)")
      }
      guard let offset = labels.fileOffset else {
        throw Failure(
          .badData, "\(path): /labels does not lie in the file in one piece of little-endian numbers",
          remedy: "in h5py write f['labels'] = classes.astype('uint16'), with neither chunks nor compression")
      }
      self = .perImage(offset: offset)
    }
  }

  /// - Parameters:
  ///   - index: of the sample in its shard.
  ///   - shape: of its image.
  func place(_ index: Int, _ key: String, shape: [Int]) throws -> Place {
    switch self {
    case .perImage(let offset): return .values(offset: offset + 2 * index, count: 1, isWide: true)
    case .perThing(let table): return .instances(table.instances(ofSample: index))
    case .perPixel(let group, let path):
      let label = try ShardIndex.dataset(key, of: "label", in: group, path)
      guard label.shape == Array(shape.prefix(2)) else {
        throw Failure(.badData, "\(path): label '\(key)' is \(label.shape), its image \(shape)")
      }
      guard label.type == .uint8 || label.type == .uint16 else {
        throw Failure(
          .badData, "\(path): label '\(key)' holds \(label.type.rawValue) values, not uint8 or uint16",
          remedy: ShardIndex.mending(path))
      }
      return .values(
        offset: try ShardIndex.offset(of: label, "label", key, path), count: shape[0] * shape[1],
        isWide: label.type == .uint16)
    }
  }

  /// The instances of all samples, where the shard has such.
  var instances: InstanceTable? {
    if case .perThing(let table) = self { return table }
    return nil
  }
}
