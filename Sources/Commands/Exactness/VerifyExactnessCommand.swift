import ArgumentParser
import Basics
import Foundation
import SegmentationData
import Training

struct VerifyExactnessCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify-exactness", abstract: "Show on this machine that any number of ranks trains the same bits.",
    discussion: """
      Trains a small network on a small synthetic dataset in many ways, each a job of its own under mpirun, and compares \
      the digests of the last checkpoints. The exit code is 0 only if all are equal. Dropout, augmentation and the \
      plateau schedule take part; one training of each kind is killed and resumed by another number of ranks.

        fcn-dist verify-exactness
        fcn-dist verify-exactness --all --backend portable --threads 2
        fcn-dist verify-exactness --mpirun "mpirun --hostfile hosts" --folder /shared/folder
      """)

  @Flag(help: "With 5, 7 and 8 ranks too.") var all = false
  @OptionGroup var engine: EngineOptions
  @Option(help: ArgumentHelp("float32 or bfloat16.", valueName: "precision")) var precision = "float32"
  @Option(help: ArgumentHelp("The launcher and its options.", valueName: "command")) var mpirun =
    "mpirun --oversubscribe --bind-to none"
  @Option(
    help: ArgumentHelp(
      "Where the trainings go; all machines must see it. Default: a temporary folder.", valueName: "folder"))
  var folder: String?

  private static let steps = 10
  private static let recipe = """
    model: {architecture: fcn8s, widths: [4, 4, 8, 8, 8], fc: 16, dropout: 0.5}
    data: {augment: {flip: 0.5, scale: [0.8, 1.3], color: 0.2}}
    batch: {global: 5, micro: 1}
    optimizer: {name: adamw, learning_rate: 0.002, gradient_clip: 1}
    schedule: {name: plateau, patience: 0}
    train: {steps: \(steps), seed: 3, evaluate_every: 4, checkpoint_every: 5, keep: 9, nonfinite: skip}
    """

  func run() throws {
    guard Launch.size == 1, ProcessEnvironment.string("OMPI_COMM_WORLD_SIZE") == nil else {
      throw Failure(.usage, "verify-exactness starts its own jobs", remedy: "run it without mpirun")
    }
    let place = folder ?? "/tmp/fcn-exactness-\(UInt32.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
    defer { if folder == nil { try? FileManager.default.removeItem(atPath: place) } }
    try Array(Self.recipe.utf8).withUnsafeBytes { try FileBytes.write($0, to: place + "/recipe.yaml") }
    _ = try SceneSynthesis.write(
      SynthesisSettings(height: 48, width: 64, counts: [("train", 11), ("val", 3)], seed: 1), to: place + "/data",
      shardCount: 1, threads: 1, progress: { _ in })

    let cases = ExactnessCase.matrix(all: all)
    var digests: [String] = []
    for (number, variant) in cases.enumerated() {
      let digest = try train(variant, in: place, output: "\(place)/run-\(number)")
      digests.append(digest)
      Output.write("\(digest == digests[0] ? "same " : "OTHER")  \(digest)  \(variant.name)")
    }
    let others = digests.filter { $0 != digests[0] }.count
    guard others == 0 else {
      throw Failure(
        .internalError, "\(others) of \(cases.count) trainings ended with other bits than one process alone",
        remedy: "see which: if the machines are of one kind, please report it with the table above")
    }
    Output.write("exact: \(cases.count) trainings, one digest")
  }

  /// - Returns: the digest of the training's last checkpoint.
  private func train(_ variant: ExactnessCase, in place: String, output: String) throws -> String {
    var arguments = [
      "train", "--config", place + "/recipe.yaml", "--data", place + "/data", "--output", output, "--set",
      "train.precision=\(precision)", "--set", "distributed.coordinator=\(variant.coordinator)", "--set",
      "distributed.exchange=\(variant.exchange)",
    ]
    if let backend = engine.backend { arguments += ["--backend", backend.rawValue] }
    // As many everywhere: the ranks' shares of the cores differ with their number.
    arguments += ["--threads", "\(engine.threads ?? 1)"]
    var environment = [String: String]()
    if let count = variant.ranksPerMachine { environment["FCN_DIST_RANKS_PER_MACHINE"] = "\(count)" }
    if let ranks = variant.resumingRanks {
      let kill = ["FCN_DIST_FAULT": "kill@0:8"].merging(environment) { first, _ in first }
      let code = try start(arguments, ranks: variant.ranks, environment: kill, log: output + ".killed.log")
      guard code != 0 else { throw Failure(.internalError, "a training that was to be killed was not") }
      arguments += ["--resume", "auto"]
      try finish(arguments, ranks: ranks, environment: environment, variant, log: output + ".log")
    } else {
      try finish(arguments, ranks: variant.ranks, environment: environment, variant, log: output + ".log")
    }
    let store = CheckpointStore(folder: output + "/checkpoints")
    return try CheckpointReader(store.path(ofStep: Self.steps)).state.digest()
  }

  private func finish(
    _ arguments: [String], ranks: Int, environment: [String: String], _ variant: ExactnessCase, log: String
  ) throws {
    let code = try start(arguments, ranks: ranks, environment: environment, log: log)
    guard code == 0 else {
      let lines = (try? String(contentsOfFile: log, encoding: .utf8))?.split(separator: "\n") ?? []
      let error = lines.last { $0.hasPrefix("fcn-dist: error: ") }?.dropFirst("fcn-dist: error: ".count)
      throw Failure(
        .internalError, "the training \"\(variant.name)\" ended with code \(code): \(error ?? lines.last ?? "no word")",
        remedy: "look at it with 'fcn-dist doctor' under mpirun")
    }
  }

  /// Starts a job and waits for its end.
  private func start(
    _ arguments: [String], ranks: Int, environment: [String: String], log: String
  ) throws -> Int32 {
    let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let launcher = ranks == 0 ? [] : mpirun.split(separator: " ").map(String.init) + ["-n", "\(ranks)"]
    guard FileManager.default.createFile(atPath: log, contents: nil), let file = FileHandle(forWritingAtPath: log)
    else {
      throw Failure(.cannotCreate, "cannot create \(log)")
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = launcher + [program] + arguments
    var variables = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
    variables["OMPI_MCA_mpi_yield_when_idle"] = "1"
    if geteuid() == 0 {
      variables["OMPI_ALLOW_RUN_AS_ROOT"] = "1"
      variables["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1"
    }
    process.environment = variables
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = file
    process.standardError = file
    try process.run()
    process.waitUntilExit()
    return process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
  }
}
