import ArgumentParser
import Basics
import Checkpoints

struct CheckpointExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write a checkpoint's parameters alone, for other tools.",
    discussion: """
      The file has /model/parameters/<layer>/{weight,bias} only (float32, layouts as in docs/formats.md). It is what \
      --init takes; evaluate and predict take it together with --config, which then gives the model.

        fcn-dist checkpoint export RUN/checkpoints/best.h5 camvid-fcn8s.h5
      """)

  @Argument(help: "The checkpoint.") var checkpoint: String
  @Argument(help: "The file to write; it must not exist.") var output: String

  func run() throws {
    try Launch.inFirstProcess {
      let source = try ParameterFile(checkpoint)
      try ParameterFileWriter.write(source.parameters, to: output)
      let count = source.parameters.reduce(0) { $0 + $1.count }
      Output.write("wrote \(grouped(count)) parameters of \(source.parameters.count) tensors into \(output)")
    }
  }
}
