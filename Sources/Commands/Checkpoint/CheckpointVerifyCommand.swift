import ArgumentParser
import Basics
import Checkpoints

struct CheckpointVerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Check checkpoints for damage.",
    discussion: """
      Reads every number. Stops at the first damaged file, says what is wrong, and exits with code 65.

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
