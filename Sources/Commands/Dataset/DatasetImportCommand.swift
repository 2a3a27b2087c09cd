import ArgumentParser
import Basics
import RunLogging
import SegmentationData

struct DatasetImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Make a dataset of image files.",
    discussion: """
      camvid: train.txt, val.txt and test.txt with an image and a label file on each line. voc: the folders JPEGImages, \
      SegmentationClass and ImageSets/Segmentation. folder: images/ and labels/ with equal names, or a list file of \
      'image label' pairs. Labels are grey or palette PNGs whose values are the classes. Every label is checked. \
      Nothing is written where something is wrong.

        fcn-dist dataset import camvid /download/camvid --output camvid
        fcn-dist dataset import voc VOCdevkit/VOC2012 --output voc --shards 8
        fcn-dist dataset import folder tiles --output tiles-h5 --split train \\
            --classes water,field,town
      """)

  @Argument(help: "camvid, voc or folder.") var layout: ImportLayout
  @Argument(help: "The folder (or, for 'folder', a list file) to read.") var source: String
  @Option(help: ArgumentHelp("The dataset's folder.", valueName: "folder")) var output: String
  @Option(help: "Import only this split; for 'folder', the split to write (default: train).") var split: String?
  @Option(help: ArgumentHelp("Files for each split.", valueName: "number")) var shards = 1
  @Option(help: ArgumentHelp("Threads.", valueName: "number")) var threads: Int?
  @Option(help: ArgumentHelp("For 'folder': the classes' names, in the order of the labels.", valueName: "a,b,…"))
  var classes: String?
  @Option(help: ArgumentHelp("For 'folder': the label of pixels that are of no class.", valueName: "label"))
  var ignoreLabel = 255
  @Option(help: ArgumentHelp("For 'folder': channels of an image (default: as the files have).", valueName: "number"))
  var channels: Int?

  func validate() throws {
    guard (1...99_999).contains(shards) else { throw ValidationError("--shards must be in 1 … 99999, found \(shards)") }
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads must be in 1 … 1024, found \(threads)")
    }
    guard layout != .folder else { return }
    if classes != nil || channels != nil {
      throw ValidationError("--classes and --channels are for 'folder': \(layout.rawValue) has its own")
    }
  }

  func run() throws {
    try Launch.inFirstProcess {
      let console = Console.standardOutput()
      let splits = try DatasetImport.run(
        layout, from: source, to: output,
        ImportOptions(
          splits: split.map { [$0] }, shardCount: shards, threads: threads ?? Launch.threads,
          classNames: classes?.split(separator: ",").map(String.init), ignoreLabel: ignoreLabel, channels: channels,
          progress: { console.show($0, doing: "importing") }))
      for info in splits {
        console.line(
          "\(info.split): \(info.sampleCount) samples, \(info.classCount) classes, \(info.channels) channels "
            + "in \(output)")
      }
    }
  }
}

extension ImportLayout: ExpressibleByArgument {}
