import ArgumentParser
import Basics
import RunLogging
import SegmentationData

struct DatasetVerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Read every byte of a dataset and check it.",
    discussion: """
      Checks that all shards are there and belong together, that every key has its image and label, that every \
      checksum matches and that every label is a class or the ignore label; of instances, that boxes surround something, \
      classes are classes and masks have the image's size. Lists what is wrong; exit code 65 then.

        fcn-dist dataset verify data
      """)

  @Argument(help: "The dataset's folder.") var folder: String
  @Option(help: "Only this split.") var split: String?

  func run() throws {
    try Launch.inFirstProcess {
      let console = Console.standardOutput()
      let report = try DatasetVerification.run(
        folder, splits: split.map { [$0] }, threads: Launch.threads,
        progress: { console.show($0, doing: "verifying") })
      console.clear()
      for problem in report.problems.dropFirst() { console.line("wrong: \(problem)") }
      guard let first = report.problems.first else {
        let splits = report.splits.map { "\($0.split) \($0.sampleCount)" }.joined(separator: ", ")
        return console.line("\(folder) is good: \(report.sampleCount) samples (\(splits))")
      }
      let others = report.problemCount > 1 ? " (and \(report.problemCount - 1) more)" : ""
      throw Failure(.badData, first.message + others, remedy: first.remedy)
    }
  }
}
