import ArgumentParser
import Basics
import Benchmarks
import Collectives
import Kernels
import MPITransport
import Model
import RunLogging
import TrainingConfiguration

struct CheckpointBenchmarkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "checkpoint", abstract: "Compare writing and reading a training state with a plain write.",
    discussion: """
      The first rank copies and writes; the others wait, where in training all ranks of its machine copy. Writing goes \
      on beside training and includes the sync and reading everything back. \
      The limit is the same number of bytes written and synced in the same folder. What is read was just written: it \
      comes from the system's cache.

        fcn-dist benchmark checkpoint --folder runs
        fcn-dist benchmark checkpoint --set optimizer.name=adamw \\
            --json checkpoint.json
      """)

  @OptionGroup var model: BenchmarkModelOptions
  @Option(help: ArgumentHelp("Where to write. Default: the system's temporary folder.", valueName: "folder"))
  var folder: String?
  @OptionGroup var backendOptions: BackendOptions
  @OptionGroup var options: BenchmarkOptions

  func run() throws {
    let configuration = try model.configuration()
    withMPI { (group: MPIProcessGroup) -> Void in
      let backend = try backendOptions.makeBackend(for: configuration, group: group)
      let machine = try BenchmarkMachine(group, backend)
      if group.isCoordinator { try measure(configuration, backend, machine) }
      try group.barrier()
    }
  }

  private func measure(
    _ configuration: Configuration, _ backend: any Backend, _ machine: BenchmarkMachine
  ) throws {
    let files = try BenchmarkFolder(parent: folder)
    defer { files.remove() }
    let network = try Network(
      try ModelConfiguration(configuration.model), backend: backend,
      reference: (configuration.batch.micro, model.height, model.width))
    let benchmark = try CheckpointBenchmark(configuration, network: network, folder: files.path)
    let measurements = try options.rounds.run(over: SoloProcessGroup()) { try benchmark.run($0) }
    try options.publish(report(benchmark, configuration, network, measurements, machine))
  }

  private func report(
    _ benchmark: CheckpointBenchmark, _ configuration: Configuration, _ network: Network,
    _ measurements: Measurements, _ machine: BenchmarkMachine
  ) -> BenchmarkReport {
    let bytes = Double(benchmark.byteCount)
    let count = network.parameters.canonicalCount
    var report = BenchmarkReport(
      "checkpoint",
      title: "\(grouped(count)) parameters and the state of \(configuration.optimizer.name.rawValue), "
        + "\(fixed(bytes / 1e6, 1)) MB in \(folder ?? "the temporary folder")", machine: machine,
      rounds: options.rounds)
    report.settings = [
      ("parameters", .integer(Int64(count))), ("optimizer", .text(configuration.optimizer.name.rawValue)),
      ("bytes", .integer(Int64(benchmark.byteCount))),
    ]
    let rows = [
      ("copy", "copy: training stands still", CheckpointBenchmark.copy),
      ("write", "write, sync and read back", CheckpointBenchmark.write),
      ("verify", "verify", CheckpointBenchmark.verify), ("read", "read into memory", CheckpointBenchmark.read),
      ("limit", "limit: plain write and sync", CheckpointBenchmark.raw),
    ]
    for (key, label, name) in rows {
      let rate = bytes / measurements[name].median
      report.add(key, label, measurements[name], "\(fixed(rate / 1e6, 0)) MB/s")
      report.add(figure: "\(key)_bytes_per_second", rate)
    }
    let share = measurements[CheckpointBenchmark.raw].median / measurements[CheckpointBenchmark.write].median
    report.add(figure: "share_of_limit", share)
    report.conclusion = "written at \(fixed(100 * share, 1)) % of the speed of a plain write"
    return report
  }
}
