import ArgumentParser
import Basics
import Foundation
import Kernels
import MPITransport
import SegmentationData

struct VerifyExactnessCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify-exactness",
    abstract: "Verify that any number of ranks computes the same bits on this machine.",
    discussion: """
      Trains a small network on a small synthetic dataset in many ways, each a job of its own under mpirun, evaluates \
      it and predicts with it, and compares digests. The exit code is 0 only if all that should be equal are. Dropout, \
      augmentation, the plateau schedule, early stop, frozen layers, a moving average and a loss of whole images take \
      part; trainings are killed and stopped in the middle of an \
      epoch, and resumed by another number of ranks.

        fcn-dist verify-exactness
        fcn-dist verify-exactness --all
        fcn-dist verify-exactness --backend portable --precision bfloat16
        fcn-dist verify-exactness --mpirun "mpirun --hostfile hosts" \\
            --folder /shared/folder
      """)

  @Flag(help: "Also run 5, 7 and 8 ranks, and every available backend and precision.") var all = false
  @OptionGroup var backendOptions: BackendOptions
  @Option(help: ArgumentHelp("float32 or bfloat16.", valueName: "precision")) var precision = Precision.float32
  @Option(help: ArgumentHelp("The launcher and its options.", valueName: "command")) var mpirun =
    "mpirun --oversubscribe --bind-to none"
  @Option(
    help: ArgumentHelp(
      "Where the trainings go; all machines must see it. Default: a temporary folder.", valueName: "folder"))
  var folder: String?

  private static let recipe = """
    model: {architecture: fcn8s, widths: [4, 4, 8, 8, 8], fc: 16, dropout: 0.5}
    data: {augment: {flip: 0.5, scale: [0.8, 1.3], color: 0.2}}
    batch: {global: 5, micro: 1}
    optimizer: {name: adamw, learning_rate: 0.002, gradient_clip: 1}
    schedule: {name: plateau, patience: 0}
    train: {steps: 10, seed: 3, evaluate_every: 4, checkpoint_every: 5, keep: 9, nonfinite: skip}
    """

  func run() throws {
    StartEnvironment.declareMissingRemoteShell()
    guard Launch.size == 1, ProcessEnvironment.string("OMPI_COMM_WORLD_SIZE") == nil else {
      throw Failure(.usage, "verify-exactness starts its own jobs", remedy: "run it without mpirun")
    }
    let start = ProcessEnvironment.monotonicSeconds
    let place = folder ?? "/tmp/fcn-exactness-\(UInt32.random(in: 0 ... .max))"
    try Folder.make(place, remedy: "choose another with --folder")
    defer { if folder == nil { try? FileManager.default.removeItem(atPath: place) } }
    let runner = ExactnessRunner(
      folder: place, launcher: mpirun.split(separator: " ").map(String.init), backendArguments: [],
      threads: backendOptions.threads ?? 1)
    try Array(Self.recipe.utf8).withUnsafeBytes { try FileBytes.write($0, to: runner.recipePath) }
    let plan = try self.plan()
    for task in VisionTask.allCases where plan.contains(where: { $0.0.task == task }) {
      _ = try SceneSynthesis.write(
        SynthesisSettings(height: 48, width: 64, counts: [("train", 11), ("val", 3)], seed: 1, task: task),
        to: runner.dataFolder(task), shardCount: 1, threads: 1, progress: { _ in })
    }
    var count = 0
    var others = 0
    for (number, (group, choice, precision)) in plan.enumerated() {
      Output.write("\(number == 0 ? "" : "\n")\(group.title), \(choice.rawValue), \(precision.rawValue)")
      others += try run(group, runner.with(choice, precision), number: number)
      count += group.cases.count
    }
    guard others == 0 else {
      throw Failure(
        .internalError, "\(others) of \(count) jobs came to other bits than one process alone",
        remedy: "see which: if the machines are of one kind, please report it with the table above")
    }
    let seconds = Int((ProcessEnvironment.monotonicSeconds - start).rounded())
    Output.write("\nexact: \(count) jobs, one digest for each kind (\(seconds) s)")
  }

  /// What is run, with which backend and precision.
  private func plan() throws -> [(ExactnessGroup, BackendOptions.Choice, Precision)] {
    let isUsable = OneDNNBackend.unavailabilityReason == nil
    let wish = try backendOptions.choice()
    let choice: BackendOptions.Choice = wish == .auto ? (isUsable ? .onednn : .portable) : wish
    var plan = ExactnessGroup.groups(all: all).map { ($0, choice, precision) }
    guard all else { return plan }
    for other in [BackendOptions.Choice.onednn, .portable] {
      for precision in [Precision.float32, .bfloat16] where (other, precision) != (choice, self.precision) {
        do {
          _ = try BackendOptions.makeBackend(other, precision, threads: 1)
          plan.append((ExactnessGroup.short("training", []), other, precision))
        } catch {
          Output.write("left out: \(other.rawValue), \(precision.rawValue): \(error)")
        }
      }
    }
    return plan
  }

  /// - Returns: how many cases differ from the first.
  private func run(_ group: ExactnessGroup, _ runner: ExactnessRunner, number: Int) throws -> Int {
    var digests: [String] = []
    for (index, variant) in group.cases.enumerated() {
      let digest = try runner.digest(variant, of: group, number: "\(number)-\(index)")
      digests.append(digest)
      Output.write("\(digest == digests[0] ? "same " : "OTHER")  \(digest)  \(variant.name)")
    }
    return digests.filter { $0 != digests[0] }.count
  }
}

extension ExactnessRunner {
  /// With another backend.
  func with(_ choice: BackendOptions.Choice, _ precision: Precision) -> ExactnessRunner {
    ExactnessRunner(
      folder: folder, launcher: launcher,
      backendArguments: ["--backend", choice.rawValue, "--set", "train.precision=\(precision.rawValue)"],
      threads: threads)
  }
}
