import ArgumentParser
import Basics
import Benchmarks
import Collectives
import MPITransport
import RunLogging
import TrainingConfiguration

struct ExchangeBenchmarkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "exchange",
    abstract: "Compare the gradient sum and the update with an all-reduce and with memory speed.",
    discussion: """
      Every rank holds a gradient. Ours: each rank sums and updates a slice of the parameters that all of a machine \
      share. The other way: the transport's all-reduce, then every rank updates a copy of its own. The limit is what \
      the bytes cost at the speed of memory; a network comes on top.

        fcn-dist benchmark exchange --threads 2
        mpirun -n 2 fcn-dist benchmark exchange
        mpirun -n 8 fcn-dist benchmark exchange --parameters 10000000 \\
            --set optimizer.name=adamw --json exchange.json
      """)

  @Option(help: ArgumentHelp("How many parameters there are.", valueName: "number")) var parameters = 134_000_000
  @OptionGroup var settings: ConfigurationOptions
  @Option(
    help: ArgumentHelp(
      "Threads of a rank. Default: $OMP_NUM_THREADS, else its share of the cores.", valueName: "number")
  )
  var threads: Int?
  @OptionGroup var options: BenchmarkOptions

  func validate() throws {
    guard (1...100_000_000_000).contains(parameters) else {
      throw ValidationError("--parameters must be in 1 … 10^11, found \(parameters)")
    }
    if let threads, !(1...4096).contains(threads) {
      throw ValidationError("--threads must be in 1 … 4096, found \(threads)")
    }
  }

  func run() throws {
    let configuration = try settings.benchmarkConfiguration()
    withMPI { (group: MPIProcessGroup) -> Void in
      let wish = threads ?? configuration.distributed.threads
      let threads = try ThreadPlan(group, requested: wish ?? ThreadPlan.requestedThreadCount).commonThreadCount
      try PlacementWarning.say(threads: threads, over: group)
      let benchmark = try ExchangeBenchmark(
        configuration, parameterCount: parameters, group: group, pool: try WorkerPool(threadCount: threads))
      let measurements = try options.rounds.run(over: group) { try benchmark.run($0) }
      let machine = try BenchmarkMachine(group, threads: threads)
      guard group.isCoordinator else { return }
      try options.publish(report(benchmark, configuration, measurements, machine))
    }
  }

  private func report(
    _ benchmark: ExchangeBenchmark, _ configuration: Configuration, _ measurements: Measurements,
    _ machine: BenchmarkMachine
  ) -> BenchmarkReport {
    var report = BenchmarkReport(
      "exchange", title: "\(grouped(parameters)) parameters, \(configuration.optimizer.name.rawValue)",
      machine: machine, rounds: options.rounds)
    report.settings = [
      ("parameters", .integer(Int64(parameters))), ("optimizer", .text(configuration.optimizer.name.rawValue)),
      ("exchange", .text(configuration.distributed.exchange.rawValue)),
    ]
    let own = measurements[ExchangeBenchmark.own]
    let peer = measurements[ExchangeBenchmark.peer]
    let stream = measurements[ExchangeBenchmark.stream]
    let bandwidth = Double(benchmark.streamByteCount) / stream.median
    let limit = stream * (Double(benchmark.byteCount) / Double(benchmark.streamByteCount))
    report.add("exchange", "sum, update, publish", own, "effectively \(rate(benchmark, own))")
    for part in ExchangeBenchmark.ownParts { report.add(part, "  \(part)", measurements[part]) }
    let anyOrder = measurements[ExchangeBenchmark.anyOrder]
    if !anyOrder.seconds.isEmpty { report.add("sum_any_order", "sum in any order", anyOrder) }
    report.add("all_reduce", "all-reduce and update of all on every rank", peer)
    for (key, name) in zip(["all_reduce_sum", "all_reduce_update"], ExchangeBenchmark.peerParts) {
      report.add(key, "  \(name.drop { $0 != " " }.dropFirst())", measurements[name])
    }
    report.add(
      "limit", "limit: the memory traffic", limit,
      "\(significant(Double(benchmark.byteCount) / 1e9, 3)) GB at \(significant(bandwidth / 1e9, 3)) GB/s")
    report.add(figure: "times_faster_than_all_reduce", peer.median / own.median)
    report.add(figure: "times_the_limit", own.median / limit.median)
    if !anyOrder.seconds.isEmpty {
      report.add(figure: "sum_times_any_order", measurements[ExchangeBenchmark.ownParts[0]].median / anyOrder.median)
    }
    report.add(figure: "memory_bytes_per_second", bandwidth)
    report.conclusion =
      "\(fixed(peer.median / own.median, 2)) times as fast as the all-reduce, \(fixed(own.median / limit.median, 2)) "
      + "times what the memory traffic costs"
    return report
  }

  private func rate(_ benchmark: ExchangeBenchmark, _ timings: Timings) -> String {
    BenchmarkReport.gigabytes(Double(benchmark.byteCount), in: timings.median)
  }
}
