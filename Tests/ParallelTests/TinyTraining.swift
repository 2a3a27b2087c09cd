import Foundation
import Testing

/// A training of ten steps in real processes, with its data and the digest that it comes to when nothing happens.
struct TinyTraining {
  let folder: TemporaryFolder
  let backend: String
  var data: String { folder.path + "/data" }

  /// Checkpoints after steps 3, 4 (the first evaluation is the best so far), 6, 8 (where that is better), 9 and 10.
  static let configuration = ParallelTests.FaultsUnderMPI.configuration

  init(backend: String = "portable") throws {
    self.backend = backend
    folder = try TemporaryFolder()
    try Self.configuration.write(toFile: folder.path + "/config.yaml", atomically: true, encoding: .utf8)
    let made = try MPILauncher(ranks: 0).run(
      "fcn-dist",
      ["dataset", "synthesize", "--output", data, "--train", "9", "--val", "3", "--height", "32", "--width", "48"])
    try #require(made.exitCode == 0, "\(made.tail)")
  }

  /// - Parameter output: a folder's name, or its full path.
  func arguments(_ output: String, _ more: [String] = []) -> [String] {
    [
      "train", "--config", folder.path + "/config.yaml", "--data", data, "--output", path(output), "--backend", backend,
    ] + more
  }

  func train(
    _ output: String, ranks: Int = 0, environment: [String: String] = [:], _ more: [String] = [],
    meanwhile: (pid_t) -> Void = { _ in }
  ) throws -> MPILauncher.Outcome {
    try MPILauncher(ranks: ranks, timeout: 60, environment: environment).run(
      "fcn-dist", arguments(output, more), meanwhile: meanwhile)
  }

  func path(_ output: String) -> String { output.hasPrefix("/") ? output : "\(folder.path)/\(output)" }

  /// Files in a run's folder of checkpoints.
  func checkpoints(_ output: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path(output) + "/checkpoints")) ?? []).sorted()
  }

  func digest(_ output: String) throws -> String {
    let outcome = try MPILauncher(ranks: 0).run(
      "fcn-dist", ["checkpoint", "digest", "\(path(output))/checkpoints/step-000000010.h5"])
    try #require(outcome.exitCode == 0, "\(outcome.tail)")
    return outcome.output.split(whereSeparator: \.isWhitespace).first.map(String.init) ?? ""
  }

  /// The digest of a run that nothing happens to.
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
