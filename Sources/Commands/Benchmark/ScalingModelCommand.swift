import ArgumentParser
import Basics
import Benchmarks

struct ScalingModelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scaling", abstract: "Predict a step on many machines. A MODEL, not a measurement.",
    discussion: """
      Each machine sends its gradients to the owners of the other slices, and its updated slices to all machines. A \
      message costs the latency, a byte 1 / bandwidth. The defaults are FCN-8s, 8 images a machine and step as measured on 2 cores, and 10-gigabit Ethernet.

        fcn-dist benchmark scaling
        fcn-dist benchmark scaling --bandwidth 11 --latency 3 --step-seconds 0.9 --machines 16,128,1024
      """)

  @Option(help: ArgumentHelp("Numbers of machines, with commas between them.", valueName: "list"))
  var machines = "1,2,4,16,128,1024"
  @Option(help: ArgumentHelp("What a machine sends and receives, in GB/s.", valueName: "number")) var bandwidth = 1.1
  @Option(help: ArgumentHelp("What a message takes, in microseconds.", valueName: "number")) var latency = 30.0
  @Option(name: .customLong("step-seconds"), help: ArgumentHelp("A step on one machine alone.", valueName: "number"))
  var stepSeconds = 3.83
  @Option(help: ArgumentHelp("Images of such a step.", valueName: "number")) var images = 8
  @Option(help: ArgumentHelp("How many parameters there are.", valueName: "number")) var parameters = 134_348_929
  @Option(help: ArgumentHelp("Parameters exchanged at once.", valueName: "number")) var bucket = 8_388_608
  @Option(
    help: ArgumentHelp("The share of a step that hides the exchange of gradients; 0: no overlap.", valueName: "share"))
  var hidden = 0.0

  private var counts: [Int] { machines.split(separator: ",").compactMap { Int($0.drop { $0 == " " }) } }

  func validate() throws {
    guard !counts.isEmpty, counts.count == machines.split(separator: ",").count,
      counts.allSatisfy({ (1...10_000_000).contains($0) })
    else { throw ValidationError("--machines takes whole numbers from 1 on, like 16,128,1024; found '\(machines)'") }
    for (name, value) in [("--bandwidth", bandwidth), ("--step-seconds", stepSeconds)]
    where !(value > 0 && value < 1e9) {
      throw ValidationError("\(name) must be above 0, found \(value)")
    }
    guard latency >= 0 && latency < 1e9 else { throw ValidationError("--latency must be 0 or more, found \(latency)") }
    guard (0...1).contains(hidden) else { throw ValidationError("--hidden must be in 0 … 1, found \(hidden)") }
    for (name, value) in [("--images", images), ("--parameters", parameters), ("--bucket", bucket)]
    where !(1...100_000_000_000).contains(value) {
      throw ValidationError("\(name) must be in 1 … 10^11, found \(value)")
    }
  }

  func run() throws { Launch.inFirstProcess { show() } }

  private func show() {
    var model = ScalingModel()
    model.parameterCount = parameters
    model.bucket = bucket
    model.latency = latency * 1e-6
    model.bandwidth = bandwidth * 1e9
    model.stepSeconds = stepSeconds
    model.hiddenShare = hidden
    Output.write(
      "MODEL, not a measurement: \(grouped(parameters)) parameters, \(counted(images, "image")) a machine and step of "
        + "\(BenchmarkReport.time(stepSeconds)), \(significant(bandwidth, 3)) GB/s, \(significant(latency, 3)) us a "
        + "message, \(fixed(100 * hidden, 0)) % of the step hides gradients")
    for (wire, byteCount) in [("float32", 4), ("bfloat16", 2)] {
      model.gradientByteCount = byteCount
      Output.write("\ngradients in \(wire)\n" + table(model))
    }
  }

  private func table(_ model: ScalingModel) -> String {
    var table = TextTable()
    table.add(["machines", "gradients", "parameters", "exposed", "step", "images/s", "efficiency"])
    for count in counts {
      let outcome = model.outcome(machines: count)
      table.add(
        [grouped(count)]
          + [outcome.gradients, outcome.parameters, outcome.exposed, outcome.step].map(BenchmarkReport.time) + [
            significant(Double(images * count) / outcome.step, 4), "\(fixed(100 * outcome.efficiency, 1)) %",
          ])
    }
    return table.text
  }
}
