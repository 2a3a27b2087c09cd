import ArgumentParser
import Basics
import Checkpoints

struct CheckpointDigestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "digest", abstract: "Print a SHA-256 of the training state.",
    discussion: """
      The digest covers parameters, the optimizer's state and the training's (step, seed, samples seen, schedule, best \
      metric); not the configuration's text, the history, names or where it was made. Two trainings that went the same \
      way have the same digest, on any number of ranks.

        fcn-dist checkpoint digest RUN/checkpoints/latest.h5
      """)

  @Argument(help: "The files; with several, each digest is followed by its file's name.") var files: [String]

  func run() throws {
    try Launch.inFirstProcess {
      for file in files {
        let digest = try CheckpointReader(file).state.digest()
        Output.write(files.count == 1 ? digest : "\(digest)  \(file)")
      }
    }
  }
}
