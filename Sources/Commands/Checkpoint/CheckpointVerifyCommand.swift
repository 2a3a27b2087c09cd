import ArgumentParser
import Basics
import Checkpoints

struct CheckpointVerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Read every number of checkpoints and check it.",
    discussion: """
      The first file that is damaged ends it (exit code 65), with what is wrong.

        fcn-dist checkpoint verify RUN/checkpoints/step-*.h5
      """)

  @Argument(help: "The files.") var files: [String]

  func run() throws {
    try Launch.inFirstProcess {
      for file in files {
        let reader = try CheckpointReader(file)
        try reader.verify()
        Output.write("\(file): good, step \(reader.state.step), written by fcn-dist \(reader.toolVersion)")
      }
    }
  }
}
