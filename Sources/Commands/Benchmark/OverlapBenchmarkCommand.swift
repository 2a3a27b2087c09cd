import ArgumentParser
import Basics
import Benchmarks
import Collectives
import Kernels
import RunLogging
import TrainingConfiguration

struct OverlapBenchmarkCommand: RoundsCommand {
  static let configuration = CommandConfiguration(
    commandName: "overlap", abstract: "Compare steps that overlap exchange and computation with steps that do not.",
    discussion: """
      Both kinds run in turn. Compare the exchange that remains after the computation ("exchange") and the time that the \
      exchange thread takes from the computation ("compute").

        mpirun -n 2 --map-by node fcn-dist benchmark overlap --precision bfloat16 --batch 4 --micro 1
        launch/hosts --rate 1gbit -- mpirun -n 2 --map-by node .build/release/fcn-dist benchmark overlap
      """)

  @OptionGroup var steps: BenchmarkStepOptions
  @OptionGroup var backendOptions: BackendOptions
  @OptionGroup var options: BenchmarkOptions

  func makeBenchmark(
    _ configuration: Configuration, backend: any Backend, group: any ProcessGroup
  ) throws -> OverlapBenchmark {
    try OverlapBenchmark(configuration, size: steps.size, backend: backend, group: group)
  }

  func measure(_ benchmark: OverlapBenchmark, _ round: Round) throws { try benchmark.run(round) }

  func report(
    _ benchmark: OverlapBenchmark, _ configuration: Configuration, _ measurements: Measurements,
    _ machine: BenchmarkMachine
  ) -> BenchmarkReport {
    let wire = configuration.distributed.wire.rawValue
    let measured = MeasuredStep(
      configuration: configuration, size: steps.size, parameterCount: benchmark.steps.parameterCount)
    var report = BenchmarkReport(
      "overlap", title: "\(measured.title), \(wire) on the wire", machine: machine, rounds: options.rounds)
    report.settings =
      measured.settings + [
        ("wire", .text(wire)), ("bucket", .integer(Int64(configuration.distributed.bucket))),
      ]
    for (mode, key) in zip(OverlapBenchmark.Mode.allCases, ["overlapped", "sequential"]) {
      report.add(key, mode.rawValue, measurements[mode.rawValue])
      for (name, part) in zip(StepBenchmark.parts, mode.parts) {
        report.add("\(key)_\(name)", "  \(name)", measurements[part])
      }
    }
    let (overlapped, sequential) = (OverlapBenchmark.Mode.overlapped, OverlapBenchmark.Mode.sequential)
    let step = measurements[sequential.rawValue].median / measurements[overlapped.rawValue].median
    let exchange = measurements[overlapped.parts[1]].median / measurements[sequential.parts[1]].median
    let compute = measurements[overlapped.parts[0]].median / measurements[sequential.parts[0]].median
    report.add(figure: "times_faster", step)
    report.add(figure: "exposed_exchange", exchange)
    report.add(figure: "compute_cost", compute)
    report.conclusion =
      "overlapped: \(fixed(step, 2)) times as fast; \(fixed(100 * exchange, 0)) % of the exchange is left, the "
      + "computation takes \(fixed(compute, 2)) times as long"
    return report
  }
}
