import ArgumentParser
import Basics
import Benchmarks
import Collectives
import RunLogging
import TrainingConfiguration

/// How often is measured, and where the result goes.
struct BenchmarkOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Rounds before the first that counts.", valueName: "number")) var warmup = 1
  @Option(help: ArgumentHelp("Rounds that count.", valueName: "number")) var repeats = 7
  @Option(help: ArgumentHelp("Write the result, with every round's times, into this file.", valueName: "file"))
  var json: String?

  func validate() throws {
    guard (0...1000).contains(warmup) else { throw ValidationError("--warmup must be in 0 … 1000, found \(warmup)") }
    guard (1...10_000).contains(repeats) else {
      throw ValidationError("--repeats must be in 1 … 10000, found \(repeats)")
    }
  }

  var rounds: Rounds { Rounds(warmups: warmup, repeats: repeats) }

  /// Prints the report, and writes the file that was asked for. Call on one rank.
  func publish(_ report: BenchmarkReport) throws {
    Output.write(report.text)
    guard let json else { return }
    try Array((report.json.line + "\n").utf8).withUnsafeBytes { try FileBytes.write($0, to: json) }
    Output.write("wrote \(json)")
  }
}

extension ConfigurationOptions {
  /// The configuration that was given; else the defaults, with the overrides.
  func benchmarkConfiguration() throws -> Configuration {
    if let config { return try read(config) }
    return try read(text: "", called: "the built-in benchmark")
  }
}

/// The steps that are measured.
struct BenchmarkStepOptions: ParsableArguments {
  @OptionGroup var model: BenchmarkModelOptions
  @Option(help: ArgumentHelp("Images of a step, over all ranks. Default: batch.global.", valueName: "number"))
  var batch: Int?
  @Option(help: ArgumentHelp("Images that go through the network at once. Default: batch.micro.", valueName: "number"))
  var micro: Int?
  @Option(help: "float32 or bfloat16. Default: train.precision.") var precision: Precision?

  func configuration() throws -> Configuration {
    let given: [(String, String?)] = [
      ("batch.global", batch.map { "\($0)" }), ("batch.micro", micro.map { "\($0)" }),
      ("train.precision", precision?.rawValue),
    ]
    return try model.configuration(given.compactMap { key, value in value.map { "\(key)=\($0)" } })
  }

  var size: (height: Int, width: Int) { (model.height, model.width) }
}

extension Precision: ExpressibleByArgument {}

/// The model that is measured: full-width FCN-8s with 11 classes where nothing else is said.
struct BenchmarkModelOptions: ParsableArguments {
  @OptionGroup var settings: ConfigurationOptions
  @Option(help: ArgumentHelp("Height of the images in pixels.", valueName: "number")) var height = 360
  @Option(help: ArgumentHelp("Width of the images in pixels.", valueName: "number")) var width = 480

  func validate() throws {
    for (name, value) in [("--height", height), ("--width", width)] where !(1...16_384).contains(value) {
      throw ValidationError("\(name) must be in 1 … 16384, found \(value)")
    }
  }

  /// - Parameter overrides: settings that options of the command give, above all others.
  func configuration(_ overrides: [String] = []) throws -> Configuration {
    var settings = settings
    settings.overrides += overrides
    var configuration = try settings.benchmarkConfiguration().settled(trainers: 1)
    configuration.model.classes = configuration.model.classes ?? 11
    configuration.model.channels = configuration.model.channels ?? 3
    return configuration
  }
}
