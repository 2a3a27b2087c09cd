import ArgumentParser
import Basics
import Collectives
import Kernels
import MPITransport
import Training

struct StepBenchmarkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "step", abstract: "Training steps on images in memory, against the layers run alone.",
    discussion: """
      The limit is what the weighted layers take when each of them runs alone, as often as they run in a step, and \
      the update at the speed of memory. Without --config it is FCN-8s on full-width VGG16 with 11 classes.

        fcn-dist benchmark step --precision bfloat16
        mpirun -n 2 fcn-dist benchmark step --precision bfloat16 --batch 8 \\
            --micro 1 --json step.json
        fcn-dist benchmark step --config configs/quickstart.yaml --height 96 \\
            --width 128
        fcn-dist benchmark step --set 'model.widths=[16, 32, 64, 64, 64]' \\
            --set model.fc=256
      """)

  @OptionGroup var model: BenchmarkModelOptions
  @Option(help: ArgumentHelp("Images of a step, over all ranks. Default: batch.global.", valueName: "number"))
  var batch: Int?
  @Option(help: ArgumentHelp("Images that go through the network at once. Default: batch.micro.", valueName: "number"))
  var micro: Int?
  @Option(help: "float32 or bfloat16. Default: train.precision.") var precision: Precision?
  @OptionGroup var engine: EngineOptions
  @OptionGroup var options: BenchmarkOptions

  private func configuration() throws -> Configuration {
    let given: [(String, String?)] = [
      ("batch.global", batch.map { "\($0)" }), ("batch.micro", micro.map { "\($0)" }),
      ("train.precision", precision?.rawValue),
    ]
    return try model.configuration(given.compactMap { key, value in value.map { "\(key)=\($0)" } })
  }

  func run() throws {
    let configuration = try configuration()
    withMPI { (group: MPIProcessGroup) -> Void in
      let backend = try engine.engine(
        precision: configuration.train.precision, configuredThreads: configuration.distributed.threads, group: group)
      let benchmark = try StepBenchmark(
        configuration, size: (model.height, model.width), backend: backend, group: group)
      let measurements = try options.rounds.run(over: group) { try benchmark.run($0) }
      let machines = try BenchmarkMachine.machineCount(group)
      guard group.isCoordinator else { return }
      let machine = BenchmarkMachine(
        ranks: group.size, machines: machines, threads: backend.threadCount, engine: backend.summary)
      let report = StepReport(
        benchmark: benchmark, configuration: configuration, size: (model.height, model.width),
        measurements: measurements)
      try options.publish(report.report(machine, options.rounds))
    }
  }
}

extension Precision: ExpressibleByArgument {}
