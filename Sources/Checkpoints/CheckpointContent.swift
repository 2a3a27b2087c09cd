import Basics
import Storage

/// Writes a state into an open, empty file.
struct CheckpointContent {
  let state: CheckpointState

  /// - Parameter parametersAreWritten: called in the middle.
  func write(to root: HDF5Group, parametersAreWritten: () -> Void = {}) throws {
    try root.setAttribute("format", CheckpointLayout.format)
    try root.setAttribute("version", CheckpointLayout.version)
    try root.setAttribute("step", Int64(state.step))
    try root.setAttribute(
      CheckpointLayout.toolVersion, state.provenance[CheckpointLayout.toolVersion] ?? "unknown")
    let model = try root.createGroup(CheckpointLayout.model)
    try writeModel(model)
    try writeTensors(state.parameters, to: try model.createGroup(CheckpointLayout.parameters))
    parametersAreWritten()
    let optimizer = try root.createGroup(CheckpointLayout.optimizer)
    try optimizer.setAttribute("name", state.optimizerName)
    for moment in state.optimizerState { try writeTensors(moment.tensors, to: try optimizer.createGroup(moment.name)) }
    let training = try root.createGroup(CheckpointLayout.training)
    try writeProgress(training)
    try writeString(state.configurationText, CheckpointLayout.configuration, to: training)
    try writeHistory(try training.createGroup(CheckpointLayout.history))
    let provenance = try root.createGroup(CheckpointLayout.provenance)
    for (name, text) in state.provenance.sorted(by: { $0.key < $1.key }) { try provenance.setAttribute(name, text) }
  }

  private func writeModel(_ group: HDF5Group) throws {
    let model = state.model
    try group.setAttribute("architecture", model.architecture)
    try group.setAttribute("geometry", model.geometry)
    try group.setAttribute("upsampling", model.upsampling)
    try group.setAttribute("classes", Int64(model.classes))
    try group.setAttribute("channels", Int64(model.channels))
    try group.setAttribute("widths", model.widths.map { Int64($0) })
    try group.setAttribute("fc", Int64(model.fc))
    try group.setAttribute("skip_scale_pool4", model.pool4Scale)
    try group.setAttribute("skip_scale_pool3", model.pool3Scale)
    try group.setAttribute("ignore_label", Int64(model.ignoreLabel))
    let names = try group.writeStrings("class_names", model.classNames)
    try names.setAttribute(StoredChecksum.attribute, CRC32C.checksum(try names.readStringBytes() ?? []))
    try write(model.palette, "palette", [model.palette.count / 3, 3], to: group).markAsPalette()
    try write(model.mean, "mean", [model.mean.count], to: group)
    try write(model.std, "std", [model.std.count], to: group)
  }

  private func writeProgress(_ group: HDF5Group) throws {
    let progress = state.training
    try group.setAttribute("step", Int64(progress.step))
    try group.setAttribute("epoch", Int64(progress.epoch))
    try group.setAttribute("seed", progress.seed)
    try group.setAttribute("samples_seen", Int64(progress.samplesSeen))
    if let count = progress.epochSamples { try group.setAttribute("epoch_samples", Int64(count)) }
    if let count = progress.datasetSamples { try group.setAttribute("dataset_samples", Int64(count)) }
    for (name, value) in progress.scheduleState.sorted(by: { $0.key < $1.key }) {
      try group.setAttribute(CheckpointLayout.schedulePrefix + name, value)
    }
    if let metric = progress.bestMetric { try group.setAttribute("best_metric", metric) }
    if let step = progress.bestStep { try group.setAttribute("best_step", Int64(step)) }
  }

  private func writeHistory(_ group: HDF5Group) throws {
    for (name, table) in state.history.sorted(by: { $0.key < $1.key }) {
      let tableGroup = try group.createGroup(name)
      for (columnName, column) in table.sorted(by: { $0.key < $1.key }) {
        switch column {
        case .integers(let values): try write(values, columnName, [values.count], to: tableGroup)
        case .reals(let values): try write(values, columnName, [values.count], to: tableGroup)
        }
      }
    }
  }

  private func writeTensors(_ tensors: [CheckpointTensor], to group: HDF5Group) throws {
    for tensor in tensors {
      let parts = tensor.name.split(separator: "/").map(String.init)
      guard parts.count == 2 else {
        throw Failure(.internalError, "the tensor name \(tensor.name) is not of the form layer/kind")
      }
      let layer = group.contains(parts[0]) ? try group.group(parts[0]) : try group.createGroup(parts[0])
      try tensor.withValues { try write($0, parts[1], tensor.shape, to: layer) }
    }
  }

  private func writeString(_ text: String, _ name: String, to group: HDF5Group) throws {
    let dataset = try group.writeString(name, text)
    try dataset.setAttribute(StoredChecksum.attribute, CRC32C.checksum(try dataset.readStringBytes() ?? []))
  }

  @discardableResult
  private func write<T: HDF5Scalar>(
    _ values: [T], _ name: String, _ shape: [Int], to group: HDF5Group
  ) throws -> HDF5Dataset {
    try values.withUnsafeBufferPointer { try write($0, name, shape, to: group) }
  }

  @discardableResult
  private func write<T: HDF5Scalar>(
    _ values: UnsafeBufferPointer<T>, _ name: String, _ shape: [Int], to group: HDF5Group
  ) throws -> HDF5Dataset {
    let isLarge = values.count * MemoryLayout<T>.stride >= CheckpointLayout.chunkedByteCount
    let dataset = try group.write(name, values, shape: shape, options: isLarge ? .chunked() : .contiguous)
    try dataset.setAttribute(StoredChecksum.attribute, CRC32C.checksum(UnsafeRawBufferPointer(values)))
    return dataset
  }
}
