import ArgumentParser
import Basics
import Collectives
import MPITransport
import RunLogging
import SegmentationData

struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict", abstract: "Label images with a trained network.",
    discussion: """
      A classifier says the five likeliest classes of each image, and writes them into predictions.csv.
      Writes a palette PNG for each image (the pixel's value is its class), and with --overlay a picture of the image \
      beside the prediction laid over it, with a legend. Takes image files, folders of them (whose layout the \
      results keep), or a split of a dataset. An image that cannot be read does not stop the others; it is listed at \
      the end. All ranks share the images.

        fcn-dist predict --checkpoint RUN/checkpoints/best.h5 \\
            --overlay photo.jpg street.png
        fcn-dist predict --checkpoint RUN/checkpoints/best.h5 photographs
        mpirun -n 8 fcn-dist predict --checkpoint RUN/checkpoints/best.h5 \\
            --data camvid --split val --overlay
        fcn-dist predict --checkpoint RUN/checkpoints/best.h5 --data camvid \\
            --split val --sheet val.png
        fcn-dist predict --checkpoint RUN/checkpoints/best.h5 --data camvid \\
            --split val --logits val.h5
        fcn-dist predict --checkpoint RUN/checkpoints/best.h5 \\
            --tile 1024 --overlap 256 aerial.tif
      """)

  @Option(help: ArgumentHelp("The checkpoint, or a file of parameters together with --config.", valueName: "file"))
  var checkpoint: String
  @Option(help: ArgumentHelp("The folder for the pictures. Default: predictions.", valueName: "folder"))
  var output: String?
  @Flag(help: "Also draw each image beside its prediction.") var overlay = false
  @Option(
    help: ArgumentHelp(
      "Draw some predictions, each beside its image and label, on one page: this PNG file.", valueName: "file"))
  var sheet: String?
  @Option(
    help: ArgumentHelp(
      "How many predictions --sheet shows: evenly spread; of a split with instances, the worst and the best.",
      valueName: "number"))
  var count = 8
  @Option(
    help: ArgumentHelp(
      "Write the scores into this HDF5 file (/logits/<key>). Without --output, --overlay and --sheet, pictures are left out.",
      valueName: "file"))
  var logits: String?
  @Option(
    help: ArgumentHelp(
      "Write the instances that are found into this file, in COCO's result format. Without --output, pictures are left out.",
      valueName: "file"))
  var json: String?
  @Option(help: ArgumentHelp("Draw instances of this probability or more. Default: 0.5.", valueName: "number"))
  var score: Float?
  @Option(help: ArgumentHelp("A dataset's folder, instead of images.", valueName: "folder")) var data: String?
  @Option(help: "The dataset's split.") var split = "val"
  @OptionGroup var tiles: TilingOptions
  @Argument(help: "Image files (PNG, JPEG, TIFF, BMP, WebP), and folders of them.") var images: [String] = []
  @OptionGroup var augmentation: AugmentationOptions
  @OptionGroup var weights: WeightOptions
  @OptionGroup var settings: ConfigurationOptions
  @OptionGroup var backendOptions: BackendOptions

  func validate() throws {
    if images.isEmpty == (data == nil) {
      throw ValidationError(
        images.isEmpty ? "There is nothing to predict: give images, or --data" : "Give images or --data, not both")
    }
    try tiles.check(augmentation)
    if let score, !(0...1).contains(score) { throw ValidationError("--score must be in 0 … 1, found \(score)") }
    guard (1...200).contains(count) else { throw ValidationError("--count must be in 1 … 200, found \(count)") }
  }

  /// nil: no pictures are wanted.
  private var folder: String? {
    output ?? ((logits == nil && json == nil) || overlay || sheet != nil ? "predictions" : nil)
  }

  func run() throws {
    withMPI { (group: MPIProcessGroup) -> Void in
      let input: PredictionInput =
        if let data {
          .split(try Dataset(folder: data, split: split))
        } else {
          .files(try sources(sayFor: group.isCoordinator))
        }
      let model = try TrainedModel(
        file: checkpoint, weights: weights, settings: settings, backendOptions: backendOptions, dataset: input.dataset,
        size: try input.firstSize(), group: group)
      if let dataset = input.dataset { try DatasetFit.check(dataset, model, file: checkpoint) }
      if group.isCoordinator, let note = model.weightsNote { Console.standardOutput().line(note) }
      if group.isCoordinator, let folder { try Folder.make(folder, remedy: "give another one with --output") }
      try group.barrier()
      try augmentation.check(model, file: checkpoint)
      if model.task == .instances { return try predictInstances(input, model, group) }
      guard json == nil, score == nil else {
        throw Failure(
          .usage,
          "\(json == nil ? "--score" : "--json") is for networks that find instances, and \(checkpoint) is none",
          remedy: "leave it out")
      }
      let predictor = Predictor(
        model, tiling: tiles.tiling, augmentation: augmentation.augmentation,
        available: try MemoryFacts.share(group))
      let console = Console.standardOutput()
      let isClassifier = model.task == .classification
      if isClassifier, overlay || tiles.tile != nil {
        throw Failure(
          .usage, "\(overlay ? "--overlay" : "--tile") is for networks that label pixels, and \(checkpoint) classifies",
          remedy: "leave it out; --sheet draws images with their classes")
      }
      let job = PredictionJob(
        input: input, predictor: predictor, files: files(model, hasTruth: input.dataset != nil),
        sheet: sheet.map { PredictionSheet(path: $0, count: count) }, logitsPath: logits,
        bestClasses: isClassifier
          ? BestClassesFile(folder: folder, classNames: model.classNames, console: console) : nil, group: group,
        console: console)
      try job.run()
    }
  }

  /// - Important: Collective over `group`.
  private func predictInstances(
    _ input: PredictionInput, _ model: TrainedModel, _ group: any ProcessGroup
  ) throws {
    for (name, isGiven) in [
      ("--logits", logits != nil), ("--tile", tiles.tile != nil),
    ] where isGiven {
      throw Failure(
        .usage, "\(name) is for other networks, and \(checkpoint) finds instances",
        remedy: "leave it out: instances are drawn into --output and written into --json")
    }
    let job = InstancePredictionJob(
      input: input, model: model, folder: folder, drawnScore: score ?? 0.5,
      results: json.map { COCOResultsFile(path: $0) }, sheet: sheet.map { InstanceSheet(path: $0, count: count) },
      group: group, console: Console.standardOutput())
    try job.run()
  }

  /// The same on every rank: the names are sorted.
  private func sources(sayFor isCoordinator: Bool) throws -> [PredictionSource] {
    let found = try PredictionSources(images, except: folder)
    guard !found.sources.isEmpty else {
      throw Failure(.missingInput, "there is no picture in \(images.joined(separator: ", "))")
    }
    if isCoordinator, let first = found.passedOver.first {
      let files = counted(found.passedOver.count, "file")
      Console.standardOutput().line("passed over \(files) that are hidden or no picture, such as \(first)")
    }
    return found.sources
  }

  private func files(_ model: TrainedModel, hasTruth: Bool) -> PredictionFiles? {
    folder.map { folder in
      var files = PredictionFiles(
        folder: folder, classNames: model.classNames, palette: model.palette, withOverlay: overlay, hasTruth: hasTruth)
      if let mask = model.mask {
        let normalisation = model.normalisation
        files.shown = { mask.shown($0, normalisation) }
      }
      return files
    }
  }
}
