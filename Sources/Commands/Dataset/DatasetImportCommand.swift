import ArgumentParser
import Basics
import RunLogging
import SegmentationData

struct DatasetImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Make a dataset of image files.",
    discussion: """
      camvid: train.txt, val.txt and test.txt with an image and a label file on each line. camvid32: the authors' \
      folders, labels in 32 colours. voc: the folders JPEGImages, SegmentationClass and ImageSets/Segmentation. \
      cityscapes: leftImg8bit and gtFine. ade20k: images and annotations of ADEChallengeData2016. folder: images/ and \
      labels/ (or masks/) with equal names, in the source or in its folders train, val (valid, validation, dev) and \
      test; a list file of 'image label' pairs; or whatever --images and --labels name. labelme: pictures with labelme's \
      JSON files beside them. coco-semantic: a JSON file of COCO's format, as CVAT and others export it. classes: for classification, \
      one folder of images a class, in the source or in its folders train and val. coco: for instances, a folder of images, \
      and COCO's JSON file with --annotations. pennfudan: for instances, PNGImages and PedMasks (or images and masks), \
      and train.txt and val.txt where there are such. Every label is checked. Nothing is written where something is wrong.

        fcn-dist dataset import camvid /download/camvid --output camvid
        fcn-dist dataset import voc VOCdevkit/VOC2012 --output voc --shards 8
        fcn-dist dataset import classes imagenet --output imagenet-h5 --shards 64
        fcn-dist dataset import coco train2017 --output coco --shards 16 \\
            --annotations annotations/instances_train2017.json
        fcn-dist dataset import coco val2017 --output coco --split val \\
            --annotations annotations/instances_val2017.json
        fcn-dist dataset import folder tiles --output tiles-h5 --split train \\
            --classes water,field,town

      Labels of 'folder' are PNGs whose values are the classes, and 255 is of no class. Where they are something \
      else, say what: masks of 0 and 255; values with a table (lines as '7, road', '9-12, ignore', equal names are \
      merged); or colours (lines as '128 64 128, road').

        fcn-dist dataset import folder masks --output data --classes no,yes \\
            --values 0,255
        fcn-dist dataset import folder tiles --output data --map classes.csv
        fcn-dist dataset import folder voc --output data --palette voc

      Patterns name files anywhere below the source: * and ? stand for parts of a name, ** for folders, {split} for \
      train, val or test. What they stand for makes the pairs.

        fcn-dist dataset import folder shots --output data \\
            --images '{split}/**/*.jpg' --labels '{split}/**/*_mask.png'

      hdf5: arrays in HDF5 or NetCDF-4 files, a sample in each file or many along the first dimension; the source is a \
      file, a folder or a pattern. What has no value (NaN, fill values, negative labels) is of no \
      class.

        fcn-dist dataset import hdf5 'deepcam/{split}/*.h5' --output data \\
            --image climate/data --label climate/labels_0
      """)

  @Argument(help: "How the source is laid out.") var layout: ImportLayout
  @Argument(help: "The folder (or, for 'folder', a list file) to read.") var source: String
  @Option(help: ArgumentHelp("The dataset's folder.", valueName: "folder")) var output: String
  @Option(help: "Import only this split; for 'folder' and 'coco', the split to write (default: train).") var split:
    String?
  @Option(help: ArgumentHelp("Files for each split.", valueName: "number")) var shards = 1
  @Option(help: ArgumentHelp("Threads.", valueName: "number")) var threads: Int?
  @OptionGroup(title: "What the files are") var labelOptions: ImportLabelOptions

  func validate() throws {
    guard (1...99_999).contains(shards) else { throw ValidationError("--shards must be in 1 … 99999, found \(shards)") }
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads must be in 1 … 1024, found \(threads)")
    }
    if let option = labelOptions.given.first(where: { !layout.options.contains($0) }) {
      let others = ImportLayout.allCases.filter { $0.options.contains(option) }.map { "'\($0.rawValue)'" }
      throw ValidationError(
        "\(option) is for \(others.joined(separator: ", ")): \(layout.rawValue) has its own classes, labels and files")
    }
    if layout == .hdf5, labelOptions.arrays == nil {
      throw ValidationError("hdf5 needs --image and --label: the datasets (or groups) in each file")
    }
    if layout == .coco, labelOptions.annotations == nil {
      throw ValidationError("coco needs --annotations, the JSON file; the source is the folder of its images")
    }
    try labelOptions.check(layout)
  }

  func run() throws {
    try Launch.inFirstProcess {
      let console = Console.standardOutput()
      let splits = try DatasetImport.run(
        layout, from: source, to: output,
        ImportOptions(
          splits: split.map { [$0] }, shardCount: shards, threads: threads ?? Launch.threads,
          labels: try labelOptions.meanings(layout), channels: labelOptions.channels, patterns: labelOptions.patterns,
          arrays: labelOptions.arrays, annotations: labelOptions.annotations,
          progress: { console.show($0, doing: "importing") }, note: { console.line($0) }))
      for info in splits {
        console.line(
          "\(info.split): \(info.sampleCount) samples, \(info.classCount) classes, \(info.channels) channels "
            + "in \(output)")
      }
    }
  }
}

extension ImportLayout: ExpressibleByArgument {}
