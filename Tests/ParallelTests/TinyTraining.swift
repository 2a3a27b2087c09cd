import Foundation
import TestSupport
import Testing

/// A folder with a dataset and a configuration, and trainings with them in real processes.
struct TinyTraining {
  let folder: TemporaryFolder
  var backend: String
  var data: String { folder.file("data") }

  /// Ten steps, with checkpoints after steps 3, 4 (the first evaluation is the best so far), 6, 8 (where that is better),
  /// 9 and 10.
  static let configuration = """
    model: {architecture: fcn32s, widths: [4, 4, 4, 4, 4], fc: 8, dropout: 0.5}
    batch: {global: 4, micro: 1}
    optimizer: {name: adamw, learning_rate: 0.002}
    train: {steps: 10, seed: 3, evaluate_every: 4, checkpoint_every: 3, keep: 9}
    """

  /// - Parameters:
  ///   - train: samples to train with.
  ///   - val: samples to evaluate on.
  ///   - size: of the images, in pixels.
  init(
    _ configuration: String = configuration, backend: String = "portable", train: Int = 9, val: Int = 3,
    size: (height: Int, width: Int) = (32, 48)
  ) throws {
    self.backend = backend
    folder = TemporaryFolder()
    try configuration.write(toFile: folder.file("config.yaml"), atomically: true, encoding: .utf8)
    let made = try MPILauncher(ranks: 0).run(
      "fcn-dist",
      [
        "dataset", "synthesize", "--output", data, "--train", "\(train)", "--val", "\(val)", "--height",
        "\(size.height)", "--width", "\(size.width)",
      ])
    try #require(made.exitCode == 0, "\(made.tail)")
  }

  /// - Parameter output: a folder's name, or its full path.
  func arguments(_ output: String, _ more: [String] = []) -> [String] {
    [
      "train", "--config", folder.file("config.yaml"), "--data", data, "--output", path(output), "--backend", backend,
    ] + more
  }

  func train(
    _ output: String, ranks: Int = 0, timeout: Double = 60, environment: [String: String] = [:], _ more: [String] = [],
    meanwhile: (pid_t) -> Void = { _ in }
  ) throws -> MPILauncher.Outcome {
    try MPILauncher(ranks: ranks, timeout: timeout, environment: environment).run(
      "fcn-dist", arguments(output, more), meanwhile: meanwhile)
  }

  /// Two ranks of one thread each, started by a script.
  ///
  /// - Parameter script: a name in the folder launch: "run" or "supervise".
  func train(
    _ output: String, by script: String, timeout: Double = 60, environment: [String: String] = [:],
    _ more: [String] = [], meanwhile: (pid_t) -> Void = { _ in }
  ) throws -> MPILauncher.Outcome {
    let options = ["-n", "2", "--threads", "1", "--program", try TestedPackage.program("fcn-dist"), "--"]
    return try MPILauncher(ranks: 0, timeout: timeout, environment: environment).run(
      "/bin/bash", ["\(TestedPackage.folder)/launch/\(script)"] + options + arguments(output, more),
      meanwhile: meanwhile)
  }

  func path(_ output: String) -> String { output.hasPrefix("/") ? output : folder.file(output) }

  /// Files in a run's folder of checkpoints.
  func checkpoints(_ output: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path(output) + "/checkpoints")) ?? []).sorted()
  }

  /// The full path of the checkpoint after a step.
  func checkpoint(_ output: String, step: Int) -> String {
    let digits = "\(step)"
    return "\(path(output))/checkpoints/step-\(String(repeating: "0", count: 9 - digits.count))\(digits).h5"
  }

  func digest(_ output: String, step: Int = 10) throws -> String {
    let outcome = try MPILauncher(ranks: 0).run("fcn-dist", ["checkpoint", "digest", checkpoint(output, step: step)])
    try #require(outcome.exitCode == 0, "\(outcome.tail)")
    return outcome.output.split(whereSeparator: \.isWhitespace).first.map(String.init) ?? ""
  }

  /// The digest of a run by one process that nothing happens to.
  func goodDigest() throws -> String {
    let outcome = try train("good")
    try #require(outcome.exitCode == 0, "\(outcome.tail)")
    return try digest("good")
  }

  /// All checkpoints of a run that have their name are good.
  func expectGoodCheckpoints(_ output: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let files = checkpoints(output).filter { $0.hasPrefix("step-") && $0.hasSuffix(".h5") }
    guard !files.isEmpty else { return }
    let outcome = try MPILauncher(ranks: 0).run(
      "fcn-dist", ["checkpoint", "verify"] + files.map { "\(path(output))/checkpoints/\($0)" })
    #expect(outcome.exitCode == 0, "\(outcome.tail)", sourceLocation: sourceLocation)
  }
}
