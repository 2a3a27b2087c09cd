import Basics
import Storage

/// Any HDF5 file with /model/parameters, a checkpoint or what another tool wrote: what `--init`, `evaluate` and `predict`
/// take.
package struct ParameterFile {
  package let path: String
  /// Named "conv1_1/weight", sorted by name; values are fetched when they are asked for.
  package let parameters: [CheckpointTensor]
  /// The network, where the file describes it.
  package let model: CheckpointModel?
  /// What images are normalised with for these parameters, per channel; nil where the file does not say.
  package let normalisation: (mean: [Float], std: [Float])?

  /// - Throws: `Failure(.missingInput)` if there is no such file, `.badData` if it is damaged or has no parameters.
  package init(_ path: String) throws {
    self.path = path
    let root = try HDF5File.open(path).root
    let place = "\(CheckpointLayout.model)/\(CheckpointLayout.parameters)"
    guard root.isGroup(place) else {
      throw Failure(
        .badData, "\(path) has no group /\(place)",
        remedy: "parameters are expected as /\(place)/<layer>/weight and …/bias")
    }
    let group = try root.group(CheckpointLayout.model)
    normalisation =
      group.contains("mean") && group.contains("std")
      ? (
        mean: try StoredChecksum.values(of: try group.dataset("mean")),
        std: try StoredChecksum.values(of: try group.dataset("std"))
      ) : nil
    parameters = try CheckpointReader.tensors(try group.group(CheckpointLayout.parameters))
    model = group.hasAttribute("architecture") ? try ModelReading(group: group).model() : nil
  }

  /// All parameters in memory.
  package func dictionary() throws -> [String: (shape: [Int], values: [Float])] {
    Dictionary(uniqueKeysWithValues: try parameters.map { ($0.name, (shape: $0.shape, values: try $0.values())) })
  }
}
