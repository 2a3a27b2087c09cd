import ArgumentParser
import Basics
import Benchmarks
import Collectives
import MPITransport
import TrainingConfiguration

struct SafetyBenchmarkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "safety", abstract: "Measure the cost of checksums, digests and the watchdog.",
    discussion: """
      Steps with and without it, in turn. The digests are taken over the weights and the optimizer's state, before and \
      after each update; the checksums are those of the images and labels, which a training's loader takes beside the \
      computation and which are paid for here.

        fcn-dist benchmark safety --precision bfloat16
        mpirun -n 2 fcn-dist benchmark safety --batch 8 --json safety.json
      """)

  @OptionGroup var step: BenchmarkStepOptions
  @Option(help: ArgumentHelp("Where the watchdog puts its file. Default: a temporary folder.", valueName: "folder"))
  var folder: String?
  @OptionGroup var backendOptions: BackendOptions
  @OptionGroup var options: BenchmarkOptions

  func run() throws {
    let configuration = try step.configuration()
    withMPI { (group: MPIProcessGroup) -> Void in
      let backend = try backendOptions.makeBackend(for: configuration, group: group)
      let benchmark = try StepBenchmark(configuration, size: step.size, backend: backend, group: group)
      let place = try BenchmarkFolder(parent: folder)
      defer { place.remove() }
      let safety = try benchmark.safetyMeasures(folder: place.path)
      defer { safety.stop() }
      let measurements = try options.rounds.run(over: group) { try benchmark.run($0, safety: safety) }
      let machine = try BenchmarkMachine(group, backend)
      guard group.isCoordinator else { return }
      try options.publish(report(benchmark, configuration, measurements, machine))
    }
  }

  private func report(
    _ benchmark: StepBenchmark, _ configuration: Configuration, _ measurements: Measurements,
    _ machine: BenchmarkMachine
  ) -> BenchmarkReport {
    let measured = MeasuredStep(
      configuration: configuration, size: step.size, parameterCount: benchmark.parameterCount)
    var report = BenchmarkReport("safety", title: measured.title, machine: machine, rounds: options.rounds)
    report.settings = measured.settings
    let plain = measurements[StepBenchmark.step]
    let safe = measurements[StepBenchmark.safe]
    report.add("step", "step without", plain)
    report.add("safe_step", "step with", safe)
    var parts = 0.0
    for part in StepBenchmark.safetyParts {
      let timings = measurements[part]
      parts += timings.median
      report.add(part, "  \(part)", timings, "\(fixed(100 * timings.median / plain.median, 2)) % of a step")
    }
    let ratios = Timings(zip(safe.seconds, plain.seconds).map { $0 / $1 - 1 })
    report.add(figure: "share", ratios.median)
    report.add(figure: "share_of_parts", parts / plain.median)
    report.conclusion =
      "safety costs \(fixed(100 * ratios.median, 2)) % of a step (median of the rounds); its parts add up to "
      + "\(fixed(100 * parts / plain.median, 2)) %"
    return report
  }
}
