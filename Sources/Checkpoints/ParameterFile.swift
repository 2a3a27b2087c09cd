import Basics
import Storage

/// Any HDF5 file with /model/parameters, a checkpoint or what another tool wrote: what `--init`, `evaluate` and `predict`
/// take.
package struct ParameterFile {
  /// Which parameters of a training that keeps a moving average of them.
  package enum Choice: String, CaseIterable, Sendable {
    case average
    case last
  }

  package let path: String
  /// Whether `parameters` are a moving average.
  package let isAverage: Bool
  /// Named "conv1_1/weight", sorted by name; values are fetched when they are asked for.
  package let parameters: [CheckpointTensor]
  /// The network, where the file describes it.
  package let model: CheckpointModel?
  /// What images are normalised with for these parameters, per channel; nil where the file does not say.
  package let normalisation: (mean: [Float], std: [Float])?

  /// - Parameter choice: nil: the average where there is one.
  /// - Throws: `Failure(.missingInput)` if there is no such file, `.badData` if it is damaged or has no parameters, or no
  ///   average where that is asked for.
  package init(_ path: String, choice: Choice? = nil) throws {
    self.path = path
    let root = try Self.root(of: path)
    let place = "\(CheckpointLayout.model)/\(CheckpointLayout.parameters)"
    guard root.isGroup(place) else {
      throw Failure(
        .badData, "\(path) has no group /\(place)",
        remedy: "parameters are expected as /\(place)/<layer>/weight and …/bias; \(Self.foreign)")
    }
    let group = try root.group(CheckpointLayout.model)
    normalisation =
      group.contains("mean") && group.contains("std")
      ? (
        mean: try StoredChecksum.values(of: try group.dataset("mean")),
        std: try StoredChecksum.values(of: try group.dataset("std"))
      ) : nil
    let last = try CheckpointReader.tensors(try group.group(CheckpointLayout.parameters))
    let average = choice == .last ? [] : try Self.average(root)
    if choice == .average, average.isEmpty {
      throw Failure(
        .badData, "\(path) has no moving average of its parameters",
        remedy: "a training keeps one with optimizer.ema_decay; leave --weights out")
    }
    isAverage = !average.isEmpty
    // Kernels that are not trained have no average.
    let byName = Dictionary(average.map { ($0.name, $0) }) { first, _ in first }
    parameters = last.map { byName[$0.name] ?? $0 }
    model = group.hasAttribute("architecture") ? try ModelReading(group: group).model() : nil
  }

  private static func average(_ root: HDF5Group) throws -> [CheckpointTensor] {
    let place = "\(CheckpointLayout.optimizer)/\(CheckpointLayout.average)"
    return root.isGroup(place) ? try CheckpointReader.tensors(try root.group(place)) : []
  }

  /// What helps where a file is another tool's.
  private static let foreign = "another tool's weights become such a file by 'fcn-dist checkpoint import FILE OUT.h5'"

  /// - Throws: as `HDF5File.open`; where the file is of another format, with what helps.
  private static func root(of path: String) throws -> HDF5Group {
    do { return try HDF5File.open(path).root } catch let failure as Failure {
      // What has HDF5's signature is a damaged one.
      guard failure.kind == .badData, let head = FileBytes.head(of: path, count: 4), !head.isEmpty,
        head != [0x89, 0x48, 0x44, 0x46]
      else { throw failure }
      throw Failure(.badData, "\(path) is not an HDF5 file", remedy: foreign)
    }
  }

  /// All parameters in memory.
  package func dictionary() throws -> [String: (shape: [Int], values: [Float])] {
    Dictionary(uniqueKeysWithValues: try parameters.map { ($0.name, (shape: $0.shape, values: try $0.values())) })
  }
}
