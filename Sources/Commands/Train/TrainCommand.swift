import ArgumentParser
import Basics
import Collectives
import Foundation
import Kernels
import MPITransport
import RunLogging
import SegmentationData
import Training
import TrainingConfiguration

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Train a network.",
    discussion: """
      Without --config it takes fcn-dist.yaml if there is one, else a small recipe; with --resume the configuration \
      that the training had. Without --data (and data.path in \
      the configuration) it takes the folder data, and where there is none it first makes a synthetic dataset there. \
      Under mpirun all ranks train together; the result does not depend on how many there are.

        fcn-dist train
        mpirun -n 8 fcn-dist train --config configs/camvid-fcn8s.yaml \\
            --data camvid --output runs/camvid
        mpirun -n 8 fcn-dist train --output runs/camvid --resume auto
        fcn-dist train --init vgg16-fcn.h5 --set optimizer.learning_rate=0.001 \\
            --set train.epochs=20

      SIGTERM or SIGUSR1 end it after the step that is running, with a checkpoint and exit code 75: start it again \
      with --resume auto.
      """)

  @OptionGroup var settings: ConfigurationOptions

  @Option(help: ArgumentHelp("The dataset's folder.", valueName: "folder")) var data: String?

  @Option(help: ArgumentHelp("The run's folder. Default: runs/<date>-<time>.", valueName: "run")) var output: String?

  @Option(
    name: .customLong("init"),
    help: ArgumentHelp("Start from the parameters in this file, as far as they fit.", valueName: "file"))
  var initialParameters: String?

  @Flag(help: "Begin from the file of --init even where no convolution of the backbone fits.") var initAnyway = false

  @Option(
    help: ArgumentHelp(
      "Continue: 'auto' from the newest good checkpoint of the run (a new training where there is none), or from "
        + "this checkpoint.", valueName: "auto|file"))
  var resume: String?

  @Option(help: ArgumentHelp("Threads that read and augment images.", valueName: "number")) var loaderThreads = 1

  @OptionGroup var backendOptions: BackendOptions

  func validate() throws {
    guard (1...256).contains(loaderThreads) else {
      throw ValidationError("--loader-threads must be in 1 … 256, found \(loaderThreads)")
    }
    if initialParameters != nil, resume != nil, resume != "auto" {
      throw ValidationError("--init and --resume FILE cannot both give the parameters")
    }
  }

  func run() throws {
    withMPI { group in
      let console = Console.standardOutput()
      let folder = try RunChoice.folder(output, isResumed: resume == "auto", group: group)
      let (wish, source) = try RecipeChoice.choose(settings, resume: resume, runFolder: folder)
      let data = try DataChoice.folder(data ?? wish.data.path, group: group, console: console)
      if group.isCoordinator {
        console.line("recipe: \(source)")
        console.line("run: \(folder)")
      }
      let backend = try backendOptions.makeBackend(for: wish, group: group)
      let training = try TrainingRun(
        wish, options: try options(folder: folder, data: data), world: group, backend: backend)
      try training.checkMemory(available: try MemoryFacts.share(group))
      let clock = ContinuousClock.now
      let ending = try training.run(console: console)
      console.clear()
      if group.isCoordinator { finish(folder, data, ending, after: ContinuousClock.now - clock, console) }
      return ending == .interrupted ? Failure.Kind.restart.rawValue : 0
    }
  }

  private func options(folder: String, data: String) throws -> TrainingOptions {
    let watchdog = try Watchdog.Settings.fromEnvironment()
    let resumption: TrainingOptions.Resume =
      switch resume {
      case nil: .never
      case "auto": .auto
      case .some(let file): .file(file)
      }
    var options = TrainingOptions(
      dataFolder: data, outputFolder: folder, initialise: initialParameters, resume: resumption,
      loaderThreads: loaderThreads, watchdog: watchdog.minimum > 0 ? watchdog : nil,
      commandLine: Launch.commandLine, libraries: ["mpi": MPILibrary.version], faults: try .fromEnvironment())
    options.acceptsAnyInitialisation = initAnyway
    return options
  }

  /// Says how it ended, and what to do next.
  private func finish(
    _ folder: String, _ data: String, _ ending: StepBoundary.Ending, after duration: Duration, _ console: Console
  ) {
    let time = Progress.duration(Double(duration.components.seconds))
    switch ending {
    case .finished: console.line("finished after \(time)")
    case .stoppedEarly: console.line("stopped early after \(time): the validation no longer improves")
    case .interrupted: console.line("interrupted after \(time), with a checkpoint: continue with --resume auto")
    }
    // A report that cannot be made is no reason to call a finished training failed.
    do {
      let path = try ReportCommand.write(folder)
      console.line("report: \(path)")
    } catch {
      console.line("warning: no report was made: \(error)")
    }
    guard ending != .interrupted else { return }
    let best = FileManager.default.fileExists(atPath: folder + "/checkpoints/best.h5") ? "best" : "latest"
    let split = (try? Dataset.splits(in: data).contains("val")) == true ? "val" : "train"
    let task = (try? Dataset(folder: data, split: split))?.info.task ?? .semantic
    let next =
      [
        "fcn-dist", "predict", "--checkpoint", "\(folder)/checkpoints/\(best).h5", "--data", data, "--split", split,
      ] + RunPictures.options(of: folder, task)
    console.line("next: \(Launch.shellText(next))")
  }
}
