import Basics
import Collectives
import Exchange
import Kernels
import Model
import SegmentationData
import Storage
import TrainingConfiguration

/// On what a run runs: said at its start, and kept in its checkpoints.
package struct Provenance {
  package let facts: [String: String]
  private let ranks: String

  /// - Parameter libraries: versions that the program knows, by name.
  package init(network: Network, roles: Roles, libraries: [String: String]) {
    let trainers = roles.topology.trainerCount
    let machines = roles.topology.machines.count
    let store = roles.topology.machines.contains { $0.count > 1 } ? ", one parameter store per machine" : ""
    ranks =
      "\(roles.world.size) rank\(roles.world.size == 1 ? "" : "s") (\(trainers) training"
      + (roles.isDedicated ? ", rank 0 evaluates" : "") + "), \(network.backend.threadCount) thread"
      + (network.backend.threadCount == 1 ? "" : "s") + " each"
      + (machines > 1 && roles.trainers != nil ? ", \(machines) stores" : store)
    let own = [
      "tool_version": ToolVersion.text, "backend": network.backend.name, "engine": network.backend.summary,
      "engine_version": network.backend.version, "instruction_set": network.backend.instructionSet,
      "engine_fingerprint": network.backend.fingerprint, "threads": "\(network.backend.threadCount)",
      "ranks": "\(roles.world.size)", "hdf5": HDF5Library.version,
    ]
    facts = own.merging(libraries) { own, _ in own }
  }

  /// What a person wants to see before a long run.
  package func lines(inputs: TrainingInputs, runSchedule: RunSchedule) -> [String] {
    let settings = inputs.configuration
    let info = inputs.training.info
    let model = inputs.modelConfiguration
    let before = runSchedule.counts.startStep
    return [
      "fcn-dist \(ToolVersion.text): \(ranks)",
      "backend: \(facts["engine"] ?? ""), \(settings.train.precision.rawValue)",
      "model: \(model.architecture.rawValue), \(model.geometry.rawValue), widths \(model.widths), fc \(model.fc), "
        + "\(model.classes) classes, \(model.channels) channels",
      "data: \(inputs.training.folder), \(info.sampleCount) training images"
        + (inputs.validation.map { ", \($0.info.sampleCount) validation images" } ?? ", no validation split"),
      "plan: \(runSchedule.totalSteps) steps of \(settings.batch.global) images (\(settings.batch.micro) at a time)"
        + (before == 0 ? "" : ", \(before) of them done before"),
      "configuration:",
    ] + settings.yaml.split(separator: "\n").map { "  " + $0 }
  }
}
