import Basics
import Benchmarks
import Kernels
import Model
import RunLogging
import TrainingConfiguration

/// Puts the times of a step beside those of its layers.
struct StepReport {
  let benchmark: StepBenchmark
  let configuration: Configuration
  let size: (height: Int, width: Int)
  let measurements: Measurements

  private var images: Int { configuration.batch.global }

  func report(_ machine: BenchmarkMachine, _ rounds: Rounds) -> BenchmarkReport {
    let step = MeasuredStep(configuration: configuration, size: size, parameterCount: benchmark.parameterCount)
    var report = BenchmarkReport("step", title: step.title, machine: machine, rounds: rounds)
    report.settings = step.settings
    addRows(to: &report)
    report.appendix = "\(memoryLine)\n\n\(layerTable)"
    report.members = [("layers", .list(benchmark.layers.layers.indices.map(layerJSON)))]
    return report
  }

  private func addRows(to report: inout BenchmarkReport) {
    let step = measurements[StepBenchmark.step]
    let layers = measurements[LayerBenchmark.all] * Double(benchmark.microBatchCount)
    let bandwidth = Double(benchmark.streamByteCount) / measurements[StepBenchmark.stream].median
    let update = Double(benchmark.updateByteCount) / bandwidth
    let limit = Timings(layers.seconds.map { $0 + update })
    let rate = Double(images) / step.median
    report.add("step", "step", step, "\(significant(rate, 3)) images/s")
    for part in StepBenchmark.parts { report.add(part, "  \(part)", measurements[part]) }
    report.add("limit", "limit", limit, "\(significant(Double(images) / limit.median, 3)) images/s")
    report.add(
      "limit_layers", "  layers alone", layers,
      "\(counted(benchmark.microBatchCount, "pass", "passes")) of the busiest rank")
    report.add(
      "limit_update", "  update", Timings(layers.seconds.map { _ in update }),
      "\(significant(Double(benchmark.updateByteCount) / 1e9, 3)) GB at \(significant(bandwidth / 1e9, 3)) GB/s")
    addEvaluation(to: &report)
    addStart(to: &report)
    report.add(figure: "images_per_second", rate)
    report.add(figure: "limit_images_per_second", Double(images) / limit.median)
    report.add(figure: "share_of_limit", limit.median / step.median)
    report.add(figure: "memory_bytes_per_second", bandwidth)
    report.conclusion =
      "\(significant(rate, 3)) images/s, \(fixed(100 * limit.median / step.median, 1)) % of the limit"
  }

  private func addEvaluation(to report: inout BenchmarkReport) {
    let ranks = benchmark.layers.rankCount
    let images = benchmark.evaluatedImages
    let forward = benchmark.layers.layers.reduce(0.0) {
      $0 + measurements[LayerBenchmark.name($1, .forward)].median / Double(configuration.batch.micro)
    }
    let evaluation = measurements[StepBenchmark.evaluation]
    let rate = Double(images * ranks) / evaluation.median
    let share = forward * Double(images) / evaluation.median
    report.add(
      "evaluation", "evaluation of \(counted(images * ranks, "image"))", evaluation,
      "\(significant(rate, 3)) images/s, \(fixed(100 * share, 1)) % of forward alone")
    report.add(figure: "evaluation_images_per_second", rate)
    report.add(figure: "evaluation_share_of_forward", share)
  }

  private func addStart(to report: inout BenchmarkReport) {
    let total = benchmark.start.reduce(0.0) { $0 + $1.seconds }
    let note = benchmark.start.map { "\($0.name) \(fixed($0.seconds, 2))" }.joined(separator: ", ")
    report.add("start", "start to first step", Timings([total]), note)
    let memory = benchmark.memoryUse
    report.add(figure: "start_seconds", total)
    report.add(figure: "memory_bytes", Double(memory.total))
    report.add(figure: "memory_bytes_of_a_further_rank", Double(memory.furtherRank))
  }

  private var memoryLine: String {
    func gigabytes(_ bytes: Int) -> String { "\(fixed(Double(bytes) / 1e9, 2)) GB" }
    let memory = benchmark.memoryUse
    return "memory: \(gigabytes(memory.total)) in all; a further rank \(gigabytes(memory.furtherRank)), of it "
      + "\(gigabytes(memory.gradientsOfRank)) for gradients"
  }

  // MARK: Layers

  private func seconds(_ layer: LayerOperation, _ pass: LayerBenchmark.Pass) -> Timings? {
    guard benchmark.layers.passes(of: layer).contains(pass) else { return nil }
    return measurements[LayerBenchmark.name(layer, pass)]
  }

  /// Of all passes that a step makes; a multiplication and an addition are two operations.
  private func operationsPerSecond(_ layer: LayerOperation) -> Double {
    let passes = benchmark.layers.passes(of: layer)
    let total = passes.reduce(0.0) { $0 + measurements[LayerBenchmark.name(layer, $1)].median }
    return 2 * Double(layer.multiplicationCount * passes.count) / total
  }

  private func implementation(_ layer: Int) -> String {
    layer < benchmark.implementations.count ? benchmark.implementations[layer].implementation : ""
  }

  private var layerTable: String {
    var table = TextTable(leftColumns: [0, 1, 6])
    table.add(["layer", "destination", "forward", "bwd data", "bwd weights", "GFLOP/s", "implementation"])
    for (index, layer) in benchmark.layers.layers.enumerated() {
      let times = LayerBenchmark.Pass.allCases.map { BenchmarkReport.time(seconds(layer, $0)?.median ?? .nan) }
      table.add(
        [layer.name, "\(layer.operation.destination)"] + times + [
          significant(operationsPerSecond(layer) / 1e9, 4), implementation(index),
        ])
    }
    let ranks = benchmark.layers.rankCount
    return "layers alone, all ranks at once"
      + (ranks > 1 ? " (times of the slowest of \(ranks), GFLOP/s of one)" : "") + "\n\(table.text)"
  }

  private func layerJSON(_ index: Int) -> JSONText {
    let layer = benchmark.layers.layers[index]
    return .object([
      ("name", .text(layer.name)), ("destination", .text("\(layer.operation.destination)")),
      ("multiplications", .integer(Int64(layer.multiplicationCount))),
      ("forward", .number(seconds(layer, .forward)?.median)),
      ("backward_data", .number(seconds(layer, .backwardData)?.median)),
      ("backward_weights", .number(seconds(layer, .backwardWeights)?.median)),
      ("operations_per_second", .number(operationsPerSecond(layer))), ("implementation", .text(implementation(index))),
    ])
  }
}
