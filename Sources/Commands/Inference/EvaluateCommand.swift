import ArgumentParser
import Basics
import Collectives
import MPITransport
import Model
import RunLogging
import SegmentationData
import Training

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Score a trained network, or any system's label images.",
    discussion: """
      Prints pixel accuracy, mean class accuracy, mean IoU, frequency-weighted IoU and the boundary F-measure, and a \
      line for each class. All ranks share the images; the result does not depend on how many there are.

        fcn-dist evaluate --checkpoint RUN/checkpoints/best.h5 --data camvid
        mpirun -n 8 fcn-dist evaluate --checkpoint RUN/checkpoints/best.h5 \\
            --data camvid --split test --json test.json
        fcn-dist evaluate --checkpoint RUN/checkpoints/best.h5 --data camvid \\
            --scales 0.75,1,1.25 --flip
        fcn-dist evaluate --predictions labels --data camvid
      """)

  @Option(help: ArgumentHelp("The checkpoint, or a file of parameters together with --config.", valueName: "file"))
  var checkpoint: String?
  @Option(
    help: ArgumentHelp(
      "Instead of a checkpoint: a folder of label PNGs (palette, grey, or the palette's colours), each named by its "
        + "sample's key, with or without an addition such as _pred.", valueName: "folder"))
  var predictions: String?
  @Option(help: ArgumentHelp("The dataset's folder.", valueName: "folder")) var data: String
  @Option(help: "The split.") var split = "val"
  @Option(help: ArgumentHelp("Write the result, with the confusion matrix, into this file.", valueName: "file"))
  var json: String?
  @OptionGroup var tiles: TilingOptions
  @OptionGroup var augmentation: AugmentationOptions
  @OptionGroup var weights: WeightOptions
  @OptionGroup var settings: ConfigurationOptions
  @OptionGroup var backendOptions: BackendOptions

  func validate() throws {
    guard checkpoint != nil || predictions != nil else {
      throw ValidationError("Missing expected argument '--checkpoint <file>' or '--predictions <folder>'")
    }
    try tiles.check(augmentation)
    guard predictions != nil else { return }
    guard tiles.tile == nil else {
      throw ValidationError("--predictions goes without --tile: labels are scored as they are")
    }
    if let given = augmentation.given {
      throw ValidationError("--predictions goes without \(given): labels are scored as they are")
    }
    guard checkpoint == nil, weights.weights == nil, settings.config == nil, settings.overrides.isEmpty else {
      throw ValidationError(
        "--predictions goes without --checkpoint, --weights, --config and --set: labels are scored as they are")
    }
  }

  func run() throws {
    withMPI { (group: MPIProcessGroup) -> Void in
      let console = Console.standardOutput()
      let dataset = try Dataset(folder: data, split: split)
      let watch = Stopwatch()
      let (evaluation, classNames) = try evaluate(dataset, group, console)
      guard group.isCoordinator else { return }
      let report = EvaluationReport(split: split, classNames: classNames, evaluation: evaluation)
      console.line(report.table)
      let seconds = watch.seconds
      console.line(
        "\(counted(evaluation.imageCount, "image")) in \(fixed(seconds, 1)) s, "
          + "\(significant(Double(evaluation.imageCount) / seconds, 3)) images/s")
      guard let json else { return }
      try Array((report.json.line + "\n").utf8).withUnsafeBytes { try FileBytes.write($0, to: json) }
      console.line("wrote \(json)")
    }
  }

  private func evaluate(
    _ dataset: Dataset, _ group: MPIProcessGroup, _ console: Console
  ) throws -> (Evaluation, classNames: [String]) {
    if let predictions {
      var foreign = try ForeignPredictions(folder: predictions, dataset: dataset)
      try foreign.settle(over: group)
      if group.isCoordinator, let note = foreign.note { console.line(note) }
      return (try foreign.evaluate(over: group), dataset.info.classNames)
    }
    let checkpoint = checkpoint ?? ""
    let model = try TrainedModel(
      file: checkpoint, weights: weights, settings: settings, backendOptions: backendOptions, dataset: dataset,
      size: dataset.size(0),
      group: group)
    try DatasetFit.check(dataset, model, file: checkpoint)
    if group.isCoordinator, let note = model.weightsNote { console.line(note) }
    try augmentation.check(model, file: checkpoint)
    guard tiles.tile == nil || model.task == .semantic else {
      throw Failure(
        .usage, "--tile is for networks that label pixels, and \(checkpoint) is none", remedy: "leave it out")
    }
    try checkMemory(model, dataset, group)
    let evaluator = Evaluator(
      network: model.network, dataset: dataset, normalisation: model.normalisation, mask: model.mask, group: group,
      batch: model.batch, measuresBoundaries: true, augmentation: augmentation.augmentation,
      tiling: tiles.tiling)
    let evaluation = try evaluator.evaluate(model.memory) { done, count in
      if group.isCoordinator { console.transient("evaluating: \(done) of this rank's \(count) images") }
    }
    return (evaluation, model.classNames)
  }

  private func checkMemory(_ model: TrainedModel, _ dataset: Dataset, _ group: MPIProcessGroup) throws {
    let available = try MemoryFacts.share(group)
    let augmentation = augmentation.augmentation
    let largest = ImageMemory.largest(dataset) { size in
      if let tile = tiles.tile { return (min(tile, size.height), min(tile, size.width)) }
      return augmentation?.largestSize(height: size.height, width: size.width) ?? size
    }
    guard model.task != .instances, let size = largest else { return }
    let images =
      augmentation != nil ? 1 : EvaluationBatch.imageCount(height: size.height, width: size.width, atLeast: model.batch)
    try ImageMemory.check(
      try model.network.byteCount(images: images, height: size.height, width: size.width, training: false),
      available: available, "evaluating images of \(size.height) x \(size.width) pixels",
      remedy: model.task == .classification
        ? ImageMemory.smallerImages : "evaluate them in overlapping tiles: --tile 1024 --overlap 256")
  }
}
