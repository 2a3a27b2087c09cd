import ArgumentParser
import Basics
import Benchmarks
import Collectives
import MPITransport
import RunLogging
import SegmentationData
import TrainingConfiguration

struct LoaderBenchmarkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "loader", abstract: "Compare reading and augmenting images with reading them only.",
    discussion: """
      Without --data it draws scenes into a temporary folder first. Without --config images are flipped, scaled by \
      0.75 to 1.75, cut to --height x --width and changed in colour. The files are in the system's cache after the \
      first round: what is measured is the work, not the disk.

        fcn-dist benchmark loader
        fcn-dist benchmark loader --data camvid --config configs/camvid-fcn8s.yaml \\
            --loader-threads 2
        mpirun -n 2 fcn-dist benchmark loader --json loader.json
      """)

  @Option(help: ArgumentHelp("The dataset's folder. Default: scenes drawn for this.", valueName: "folder"))
  var data: String?
  @Option(help: "The split.") var split = "train"
  @OptionGroup var model: BenchmarkModelOptions
  @Option(help: ArgumentHelp("Threads that read and augment, on each rank.", valueName: "number"))
  var loaderThreads = 1
  @Option(help: ArgumentHelp("Images of a round, on each rank.", valueName: "number")) var images = 256
  @Option(help: ArgumentHelp("Scenes to draw where there is no --data.", valueName: "number")) var scenes = 64
  @OptionGroup var options: BenchmarkOptions

  func validate() throws {
    for (name, value, limit) in [
      ("--loader-threads", loaderThreads, 256), ("--images", images, 1_000_000), ("--scenes", scenes, 100_000),
    ] where !(1...limit).contains(value) {
      throw ValidationError("\(name) must be in 1 … \(limit), found \(value)")
    }
  }

  func run() throws {
    let configuration = try model.configuration()
    withMPI { (group: MPIProcessGroup) -> Void in
      try PlacementWarning.say(threads: loaderThreads, over: group)
      let folder = try BenchmarkFolder(parent: nil)
      defer { folder.remove() }
      if data == nil { try draw(into: folder.path) }
      let dataset = try Dataset(folder: data ?? folder.path, split: split)
      let benchmark = try LoaderBenchmark(
        dataset: dataset, augmentation: try augmentation(configuration), threads: loaderThreads,
        batch: min(images, configuration.batch.global), imageCount: images, rank: group.rank)
      let measurements = try options.rounds.run(over: group) { round in
        try group.barrier()
        try benchmark.run(round)
      }
      let machine = try BenchmarkMachine(group, threads: loaderThreads)
      guard group.isCoordinator else { return }
      try options.publish(report(benchmark, dataset, measurements, machine))
    }
  }

  /// Every rank draws for itself: ranks need not share a file system.
  private func draw(into folder: String) throws {
    let settings = SynthesisSettings(height: model.height, width: model.width, counts: [(split, scenes)])
    _ = try SceneSynthesis.write(settings, to: folder, threads: loaderThreads)
  }

  private func augmentation(_ configuration: Configuration) throws -> AugmentationSettings {
    let augment = configuration.data.augment
    let isGiven = model.settings.config != nil || augment != Configuration().data.augment
    let settings =
      isGiven
      ? AugmentationSettings(
        flip: augment.flip, scale: augment.scale, crop: augment.crop.map { ($0.height, $0.width) }, color: augment.color
      )
      : AugmentationSettings(flip: 0.5, scale: 0.75...1.75, crop: (model.height, model.width), color: 0.3)
    try settings.validate()
    return settings
  }

  private func report(
    _ benchmark: LoaderBenchmark, _ dataset: Dataset, _ measurements: Measurements, _ machine: BenchmarkMachine
  ) -> BenchmarkReport {
    let size = dataset.size(0)
    var report = BenchmarkReport(
      "loader",
      title: "\(counted(benchmark.imageCount, "image")) of \(size.height) x \(size.width) a round and rank, from "
        + (data ?? "\(scenes) drawn scenes"), machine: machine, rounds: options.rounds)
    report.settings = [
      ("images", .integer(Int64(benchmark.imageCount))), ("height", .integer(Int64(size.height))),
      ("width", .integer(Int64(size.width))), ("loader_threads", .integer(Int64(loaderThreads))),
      ("data", data.map { .text($0) } ?? .number(nil)), ("bytes_per_image", .number(benchmark.bytesPerImage)),
    ]
    let rows = [
      ("augmented", "read and augmented", LoaderBenchmark.augmented),
      ("plain", "read, not augmented", LoaderBenchmark.plain),
      ("limit", "limit: read and checked only", LoaderBenchmark.raw),
    ]
    for (key, label, name) in rows {
      let timings = measurements[name]
      // The slowest rank's time, in which every rank loads as many.
      let perThread = Double(benchmark.imageCount) / timings.median / Double(loaderThreads)
      let bytes = Double(benchmark.imageCount * machine.ranks) * benchmark.bytesPerImage
      report.add(
        key, label, timings,
        "\(significant(perThread, 4)) images/s a thread, \(fixed(bytes / timings.median / 1e6, 0)) MB/s in all")
      report.add(figure: "\(key)_images_per_second_per_thread", perThread)
      report.add(figure: "\(key)_bytes_per_second", bytes / timings.median)
    }
    let rate = Double(benchmark.imageCount) / measurements[LoaderBenchmark.augmented].median / Double(loaderThreads)
    report.conclusion = "\(significant(rate, 4)) augmented images/s a thread"
    return report
  }
}
