import ArgumentParser
import Basics
import SegmentationData
import Training

struct DatasetVerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Read every byte of a dataset and check it.",
    discussion: """
      Checks that all shards are there and belong together, that every key has its image and label, that every
      checksum matches and that every label is a class or the ignore label. The first error ends it (exit code 65).

        fcn-dist dataset verify data
      """)

  @Argument(help: "The dataset's folder.") var folder: String
  @Option(help: "Only this split.") var split: String?

  func run() throws {
    try Launch.inFirstProcess {
      let console = Console.standardOutput()
      for split in try DatasetFolder.splits(in: folder, chosen: split) {
        let dataset = try Dataset(folder: folder, split: split)
        let survey = try DatasetFolder.survey(dataset, readingImages: true, console: console)
        console.line(
          "\(split): \(dataset.sampleCount) samples in \(dataset.shardPaths.count) shards are good"
            + " (\(grouped(Int(survey.labelledPixels))) labelled pixels, fingerprint \(dataset.fingerprint))")
      }
    }
  }
}
