import ArgumentParser
import Benchmarks
import Collectives
import Kernels
import TrainingConfiguration

struct StepBenchmarkCommand: RoundsCommand {
  static let configuration = CommandConfiguration(
    commandName: "step", abstract: "Compare training steps on images in memory with their layers run alone.",
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

  func makeBenchmark(
    _ configuration: Configuration, backend: any Backend, group: any ProcessGroup
  ) throws -> StepBenchmark {
    try StepBenchmark(configuration, size: steps.size, backend: backend, group: group)
  }

  func measure(_ benchmark: StepBenchmark, _ round: Round) throws { try benchmark.run(round) }

  func report(
    _ benchmark: StepBenchmark, _ configuration: Configuration, _ measurements: Measurements,
    _ machine: BenchmarkMachine
  ) -> BenchmarkReport {
    StepReport(benchmark: benchmark, configuration: configuration, size: steps.size, measurements: measurements)
      .report(machine, options.rounds)
  }
}
