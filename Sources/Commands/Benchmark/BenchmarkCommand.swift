import ArgumentParser

struct BenchmarkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmark", abstract: "Measure this machine: how fast it trains, and how fast it could.",
    discussion: """
      Each measurement stands beside its limit: what the same work costs alone, without the rest. Things that are \
      compared run in turn, round after round; the median of the rounds counts, and the slowest rank of each round. \
      Nothing else should run meanwhile.

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
