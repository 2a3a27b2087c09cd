import ArgumentParser
import Benchmarks
import Collectives
import MPITransport

struct StepBenchmarkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "step", abstract: "Training steps on images in memory, against the layers run alone.",
    discussion: """
      The limit is what the weighted layers take when each of them runs alone, as often as they run in a step, and \
      the update at the speed of memory. Beside it: an evaluation of some images, the time from the first layout to \
      the first step, and the memory of all ranks. Without --config it is FCN-8s on full-width VGG16 with 11 classes.

        fcn-dist benchmark step --precision bfloat16
        mpirun -n 2 fcn-dist benchmark step --precision bfloat16 --batch 8 \\
            --micro 1 --json step.json
        fcn-dist benchmark step --config configs/quickstart.yaml --height 96 \\
            --width 128
        fcn-dist benchmark step --set 'model.widths=[16, 32, 64, 64, 64]' \\
            --set model.fc=256
      """)

  @OptionGroup var steps: BenchmarkStepOptions
  @OptionGroup var backendOptions: BackendOptions
  @OptionGroup var options: BenchmarkOptions

  func run() throws {
    let configuration = try steps.configuration()
    withMPI { (group: MPIProcessGroup) -> Void in
      let backend = try backendOptions.makeBackend(for: configuration, group: group)
      let benchmark = try StepBenchmark(configuration, size: steps.size, backend: backend, group: group)
      let measurements = try options.rounds.run(over: group) { try benchmark.run($0) }
      let machine = try BenchmarkMachine(group, backend)
      guard group.isCoordinator else { return }
      let report = StepReport(
        benchmark: benchmark, configuration: configuration, size: steps.size, measurements: measurements)
      try options.publish(report.report(machine, options.rounds))
    }
  }
}
