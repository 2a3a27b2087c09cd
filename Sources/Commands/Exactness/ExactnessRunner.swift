import Basics
import Checkpoints
import Foundation
import Storage
import Training

/// Runs cases in a folder, each as a job, and reads the digest of what it came to.
struct ExactnessRunner {
  let folder: String
  let launcher: [String]
  /// Of every job: the backend.
  let backendArguments: [String]
  let threads: Int

  var recipePath: String { folder + "/recipe.yaml" }
  func dataFolder(_ task: VisionTask) -> String { "\(folder)/\(task.rawValue)" }

  func digest(_ variant: ExactnessCase, of group: ExactnessGroup, number: String) throws -> String {
    let output = "\(folder)/run-\(number)"
    let dataFolder = dataFolder(group.task)
    let checkpoint = "\(folder)/run-\(group.trainingNumber)-0/checkpoints/latest.h5"
    switch group.work {
    case .training: return try train(variant, group.arguments, dataFolder, output: output)
    case .evaluation:
      try job(
        ["evaluate", "--checkpoint", checkpoint, "--data", dataFolder, "--json", output + ".json"] + group.arguments,
        variant, log: output
      ).finish(ranks: variant.ranks, name: variant.name)
      return try Self.fileDigest(output + ".json")
    case .prediction where group.task == .instances:
      try job(
        ["predict", "--checkpoint", checkpoint, "--data", dataFolder, "--json", output + ".json"], variant, log: output
      ).finish(ranks: variant.ranks, name: variant.name)
      return try Self.fileDigest(output + ".json")
    case .prediction:
      try job(
        ["predict", "--checkpoint", checkpoint, "--data", dataFolder, "--logits", output + ".h5"], variant, log: output
      ).finish(ranks: variant.ranks, name: variant.name)
      return try Self.logitsDigest(output + ".h5")
    }
  }

  private func job(_ arguments: [String], _ variant: ExactnessCase, log: String) -> ExactnessJob {
    var environment: [String: String] = [:]
    if let count = variant.ranksPerMachine { environment["FCN_DIST_RANKS_PER_MACHINE"] = "\(count)" }
    // As many everywhere: the ranks' shares of the cores differ with their number.
    let threads = ["--threads", "\(variant.threads ?? threads)"]
    return ExactnessJob(
      launcher: launcher, arguments: arguments + backendArguments + threads, environment: environment, log: log + ".log"
    )
  }

  /// - Returns: the digest of the training's last checkpoint.
  private func train(
    _ variant: ExactnessCase, _ more: [String], _ dataFolder: String, output: String
  ) throws -> String {
    let arguments =
      [
        "train", "--config", recipePath, "--data", dataFolder, "--output", output, "--set",
        "distributed.coordinator=\(variant.coordinator)", "--set", "distributed.exchange=\(variant.exchange)",
      ] + more
    if let accident = variant.accident {
      let first = job(arguments, variant, log: output + ".first")
      let broken = ExactnessJob(
        launcher: launcher, arguments: first.arguments,
        environment: first.environment.merging(["FCN_DIST_FAULT": variant.fault ?? ""]) { $1 }, log: first.log)
      guard try broken.start(ranks: variant.ranks) != 0 else {
        throw Failure(.internalError, "the training \"\(variant.name)\" was to be interrupted and was not")
      }
      try job(arguments + ["--resume", "auto"], variant, log: output)
        .finish(ranks: accident.resumingRanks, name: variant.name)
    } else {
      try job(arguments, variant, log: output).finish(ranks: variant.ranks, name: variant.name)
    }
    let store = CheckpointStore(folder: output + "/checkpoints")
    guard let step = store.latestStep else { throw Failure(.internalError, "\(output) has no checkpoint") }
    return try CheckpointReader(store.path(ofStep: step)).state.digest()
  }

  private static func fileDigest(_ path: String) throws -> String {
    var digest = ResultDigest()
    try FileBytes.read(path).withUnsafeBytes { digest.update($0) }
    return digest.hexadecimal
  }

  /// Over all images' logits, in the order of their names.
  private static func logitsDigest(_ path: String) throws -> String {
    let file = try HDF5File.open(path)
    let logits = try file.root.group("logits")
    var digest = ResultDigest()
    for name in try logits.childNames().sorted() {
      Array(name.utf8).withUnsafeBytes { digest.update($0) }
      try logits.dataset(name).read(as: Float.self).withUnsafeBytes { digest.update($0) }
    }
    try file.close()
    return digest.hexadecimal
  }
}
