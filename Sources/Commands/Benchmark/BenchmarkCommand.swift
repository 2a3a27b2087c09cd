import ArgumentParser

struct BenchmarkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmark", abstract: "Measure this machine: how fast it trains, and how fast it could.",
    discussion: """
      Each measurement is printed beside its limit: the cost of the same work alone. What is compared runs in turn, \
      round after round. The result is the median over the rounds of the slowest rank. Run nothing else meanwhile.

        fcn-dist benchmark step --precision bfloat16
        mpirun -n 2 fcn-dist benchmark step --precision bfloat16 --json step.json
        mpirun -n 2 fcn-dist benchmark exchange
        fcn-dist benchmark loader --data camvid --loader-threads 2
        fcn-dist benchmark checkpoint --folder runs
        mpirun -n 2 fcn-dist benchmark safety --precision bfloat16
        mpirun -n 2 --map-by node fcn-dist benchmark overlap
        fcn-dist benchmark scaling
      """,
    subcommands: [
      StepBenchmarkCommand.self, ExchangeBenchmarkCommand.self, LoaderBenchmarkCommand.self,
      CheckpointBenchmarkCommand.self, SafetyBenchmarkCommand.self, OverlapBenchmarkCommand.self,
      ScalingModelCommand.self,
    ])
}
