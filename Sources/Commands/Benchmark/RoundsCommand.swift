import ArgumentParser
import Benchmarks
import Collectives
import Kernels
import MPITransport
import TrainingConfiguration

/// A command that measures training steps on all ranks, round after round, and reports on one.
protocol RoundsCommand: ParsableCommand {
  associatedtype Benchmark
  var steps: BenchmarkStepOptions { get }
  var backendOptions: BackendOptions { get }
  var options: BenchmarkOptions { get }

  /// - Important: Collective.
  func makeBenchmark(
    _ configuration: Configuration, backend: any Backend, group: any ProcessGroup
  ) throws -> Benchmark
  func measure(_ benchmark: Benchmark, _ round: Round) throws
  func report(
    _ benchmark: Benchmark, _ configuration: Configuration, _ measurements: Measurements, _ machine: BenchmarkMachine
  ) -> BenchmarkReport
}

extension RoundsCommand {
  func run() throws {
    let configuration = try steps.configuration()
    withMPI { (group: MPIProcessGroup) -> Void in
      let backend = try backendOptions.makeBackend(for: configuration, group: group)
      let benchmark = try makeBenchmark(configuration, backend: backend, group: group)
      let measurements = try options.rounds.run(over: group) { try measure(benchmark, $0) }
      let machine = try BenchmarkMachine(group, backend)
      guard group.isCoordinator else { return }
      try options.publish(report(benchmark, configuration, measurements, machine))
    }
  }
}
