import ArgumentParser
import Basics
import RunLogging
import SegmentationData

struct DatasetSynthesizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "synthesize", abstract: "Draw a dataset of simple scenes: for trying things, without a download.",
    discussion: """
      Every scene is a function of the seed and its number: the same bytes on every machine.

        fcn-dist dataset synthesize --output data
        fcn-dist dataset synthesize --output big --train 2000 --val 200 \\
            --height 360 --width 480 --shards 8
      """)

  @Option(help: ArgumentHelp("The dataset's folder.", valueName: "folder")) var output: String
  @Option(help: ArgumentHelp("Scenes to train on.", valueName: "number")) var train = SynthesisSettings().count(
    of: "train")
  @Option(help: ArgumentHelp("Scenes to validate on.", valueName: "number")) var val = SynthesisSettings().count(
    of: "val")
  @Option(help: ArgumentHelp("Height in pixels.", valueName: "number")) var height = SynthesisSettings().height
  @Option(help: ArgumentHelp("Width in pixels.", valueName: "number")) var width = SynthesisSettings().width
  @Option(help: ArgumentHelp("Files for each split.", valueName: "number")) var shards = 1
  @Option(
    help:
      "semantic: a class for each pixel. classification: one for each scene, the kind of thing that is largest in it. instances: cars, signs and persons with boxes and masks."
  )
  var task = VisionTask.semantic
  @Option(help: "Other numbers, other scenes.") var seed: UInt64 = 1

  func run() throws {
    try Launch.inFirstProcess {
      let console = Console.standardOutput()
      let settings = SynthesisSettings(
        height: height, width: width, counts: [("train", train), ("val", val)], seed: seed, task: task)
      let splits = try SceneSynthesis.write(
        settings, to: output, shardCount: shards, threads: Launch.threads,
        progress: { console.show($0, doing: "drawing") })
      for info in splits {
        console.line("\(info.split): \(info.sampleCount) scenes of \(width) x \(height) in \(output)")
      }
    }
  }
}

extension VisionTask: ExpressibleByArgument {}

extension SynthesisSettings {
  fileprivate func count(of split: String) -> Int { counts.first { $0.split == split }?.count ?? 0 }
}
