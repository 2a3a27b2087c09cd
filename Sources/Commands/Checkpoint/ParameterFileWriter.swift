import Basics
import Checkpoints
import Foundation
import Storage

/// Writes files of parameters only: `/model/parameters/<layer>/{weight,bias}`.
enum ParameterFileWriter {
  /// - Parameters:
  ///   - normalisation: what images are normalised with for these parameters, per channel: /model/mean and /model/std.
  ///   - source: where they come from, for people: an attribute of /model.
  /// - Throws: `Failure(.cannotCreate)` where `path` is taken. What was begun is removed.
  static func write(
    _ tensors: [CheckpointTensor], to path: String, normalisation: (mean: [Float], std: [Float])? = nil,
    source: String? = nil
  ) throws {
    guard !FileManager.default.fileExists(atPath: path) else {
      throw Failure(.cannotCreate, "\(path) exists already", remedy: "give another name")
    }
    let temporary = FileBytes.temporaryPath(for: path)
    do {
      let file = try HDF5File.create(temporary)
      do {
        let model = try file.root.createGroup("model")
        if let source { try model.setAttribute("source", source) }
        if let (mean, std) = normalisation {
          _ = try model.write("mean", mean, shape: [mean.count])
          _ = try model.write("std", std, shape: [std.count])
        }
        let parameters = try model.createGroup("parameters")
        for tensor in tensors { try write(tensor, to: parameters) }
      } catch {
        try? file.close()
        throw error
      }
      try file.close()
    } catch {
      try? FileManager.default.removeItem(atPath: temporary)
      throw error
    }
    try FileBytes.commit(temporary, as: path)
  }

  private static func write(_ tensor: CheckpointTensor, to parameters: HDF5Group) throws {
    let parts = tensor.name.split(separator: "/").map(String.init)
    guard parts.count == 2 else {
      throw Failure(.badData, "the tensor name '\(tensor.name)' is not of the form layer/kind")
    }
    let layer =
      parameters.contains(parts[0]) ? try parameters.group(parts[0]) : try parameters.createGroup(parts[0])
    try tensor.withValues { _ = try layer.write(parts[1], $0, shape: tensor.shape) }
  }
}
