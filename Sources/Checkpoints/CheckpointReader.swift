import Basics
import Storage

/// An open checkpoint: everything small is read and checked, tensors are fetched and checked when they are asked for.
package final class CheckpointReader {
  package let path: String
  package let toolVersion: String
  /// Its tensors read from the file, which stays open as long as one of them is there.
  package let state: CheckpointState

  /// - Throws: `Failure(.missingInput)` if there is no such file, `.badData` if it is damaged or no checkpoint.
  package init(_ path: String) throws {
    self.path = path
    let root = try HDF5File.open(path).root
    try Self.checkFormat(root)
    toolVersion = try root.stringAttribute(CheckpointLayout.toolVersion)
    state = try Self.state(root)
    guard try root.integerAttribute("step") == Int64(state.step) else {
      throw Failure(.badData, "\(path): the step of the file and the step of the training differ")
    }
  }

  /// Reads all values and compares them with their checksums.
  package func verify() throws {
    for tensor in state.parameters + state.optimizerState.flatMap(\.tensors) { try tensor.forEachPiece { _, _ in } }
  }

  private static func checkFormat(_ root: HDF5Group) throws {
    let file = root.name
    guard root.hasAttribute("format"), try root.stringAttribute("format") == CheckpointLayout.format else {
      throw Failure(
        .badData, "\(file) is not a checkpoint of fcn-dist (no attribute format=\(CheckpointLayout.format))",
        remedy: "a file that holds parameters only can be given to --init")
    }
    let version = try root.integerAttribute("version")
    guard version == CheckpointLayout.version else {
      throw Failure(
        .badData,
        "\(file) is a checkpoint of version \(version), this program reads version \(CheckpointLayout.version)",
        remedy: "use the version of fcn-dist that wrote it")
    }
  }

  private static func state(_ root: HDF5Group) throws -> CheckpointState {
    let model = try root.group(CheckpointLayout.model)
    let optimizer = try root.group(CheckpointLayout.optimizer)
    let training = try root.group(CheckpointLayout.training)
    return CheckpointState(
      model: try ModelReading(group: model).model(),
      parameters: try tensors(try model.group(CheckpointLayout.parameters)),
      optimizerName: try optimizer.stringAttribute("name"),
      optimizerState: try optimizer.childNames().map {
        CheckpointOptimizerState(name: $0, tensors: try tensors(try optimizer.group($0)))
      },
      training: try progress(training),
      configurationText: try StoredChecksum.strings(of: try training.dataset(CheckpointLayout.configuration)).joined(),
      history: try history(training), provenance: try provenance(root))
  }

  /// Tensors of a group of layers, sorted by name.
  static func tensors(_ group: HDF5Group) throws -> [CheckpointTensor] {
    try group.childNames().flatMap { layerName in
      let layer = try group.group(layerName)
      return try layer.childNames().map { kind in
        let dataset = try layer.dataset(kind)
        return CheckpointTensor(name: "\(layerName)/\(kind)", shape: dataset.shape, source: try FileTensor(dataset))
      }
    }
  }

  private static func progress(_ group: HDF5Group) throws -> TrainingProgress {
    let prefix = CheckpointLayout.schedulePrefix
    let scheduleNames = try group.attributeNames().filter { $0.hasPrefix(prefix) }
    return TrainingProgress(
      step: try count(group, "step"), epoch: try count(group, "epoch"), seed: try group.unsignedAttribute("seed"),
      samplesSeen: try count(group, "samples_seen"),
      epochSamples: group.hasAttribute("epoch_samples") ? try count(group, "epoch_samples") : nil,
      datasetSamples: group.hasAttribute("dataset_samples") ? try count(group, "dataset_samples") : nil,
      scheduleState: Dictionary(
        uniqueKeysWithValues: try scheduleNames.map {
          (String($0.dropFirst(prefix.count)), try group.realAttribute($0))
        }),
      bestMetric: group.hasAttribute("best_metric") ? try group.realAttribute("best_metric") : nil,
      bestStep: group.hasAttribute("best_step") ? try count(group, "best_step") : nil)
  }

  private static func history(_ training: HDF5Group) throws -> [String: [String: HistoryColumn]] {
    guard training.contains(CheckpointLayout.history) else { return [:] }
    let group = try training.group(CheckpointLayout.history)
    return Dictionary(
      uniqueKeysWithValues: try group.childNames().map { name in
        let table = try group.group(name)
        return (name, Dictionary(uniqueKeysWithValues: try table.childNames().map { ($0, try column(table, $0)) }))
      })
  }

  private static func column(_ table: HDF5Group, _ name: String) throws -> HistoryColumn {
    let dataset = try table.dataset(name)
    switch dataset.type {
    case .float16, .float32, .float64: return .reals(try StoredChecksum.values(of: dataset))
    default: return .integers(try StoredChecksum.values(of: dataset))
    }
  }

  private static func provenance(_ root: HDF5Group) throws -> [String: String] {
    guard root.contains(CheckpointLayout.provenance) else { return [:] }
    let group = try root.group(CheckpointLayout.provenance)
    return Dictionary(
      uniqueKeysWithValues: try group.attributeNames().map { ($0, try group.stringAttribute($0)) })
  }

  /// An integer attribute that counts something.
  static func count(_ object: HDF5Object, _ attribute: String) throws -> Int {
    let value = try object.integerAttribute(attribute)
    guard value >= 0, let count = Int(exactly: value) else {
      throw Failure(.badData, "\(object.name)@\(attribute) is \(value), a count is expected")
    }
    return count
  }
}

/// Reads the description of the network.
struct ModelReading {
  let group: HDF5Group

  func model() throws -> CheckpointModel {
    CheckpointModel(
      architecture: try group.stringAttribute("architecture"), geometry: try group.stringAttribute("geometry"),
      upsampling: try group.stringAttribute("upsampling"), classes: try CheckpointReader.count(group, "classes"),
      channels: try CheckpointReader.count(group, "channels"), widths: try widths(),
      fc: try CheckpointReader.count(group, "fc"), pool4Scale: try scale("skip_scale_pool4"),
      pool3Scale: try scale("skip_scale_pool3"), ignoreLabel: try ignoreLabel(),
      classNames: try StoredChecksum.strings(of: try group.dataset("class_names")),
      palette: try StoredChecksum.values(of: try group.dataset("palette")),
      mean: try StoredChecksum.values(of: try group.dataset("mean")),
      std: try StoredChecksum.values(of: try group.dataset("std")))
  }

  private func widths() throws -> [Int] {
    let values = try group.integersAttribute("widths")
    guard values.allSatisfy({ 1..<1 << 24 ~= $0 }) else {
      throw Failure(.badData, "\(group.name)@widths is \(values), five widths of blocks are expected")
    }
    return values.map { Int($0) }
  }

  /// -1: every label is a class, as datasets have it.
  private func ignoreLabel() throws -> Int {
    let value = try group.integerAttribute("ignore_label")
    guard -1...65_535 ~= value else {
      throw Failure(.badData, "\(group.name)@ignore_label is \(value), a label or -1 is expected")
    }
    return Int(value)
  }

  /// docs/formats.md knows no attribute for it; without one it is 1.
  private func scale(_ attribute: String) throws -> Double {
    group.hasAttribute(attribute) ? try group.realAttribute(attribute) : 1
  }
}
