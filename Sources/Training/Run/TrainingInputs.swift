import Basics
import Collectives
import Model
import SegmentationData
import TrainingConfiguration

/// The data of a run, and the configuration with everything filled in that the data decides.
package struct TrainingInputs {
  package let configuration: Configuration
  package let modelConfiguration: ModelConfiguration
  package let training: Dataset
  /// The `val` split, where there is one.
  package let validation: Dataset?
  package let classWeights: [Float]
  /// nil: whole images are seen.
  package let mask: VisibleMask?
  package let referenceSize: (height: Int, width: Int)
  /// Where mean and std come from, where that is neither the configuration nor the images; for people.
  package let normalisationNote: String?

  /// - Parameter initialise: a file of parameters, whose mean and std count where the configuration gives none.
  /// - Important: Collective over `world`.
  package init(
    _ wish: Configuration, dataFolder: String, initialise: String? = nil, threads: Int, world: any ProcessGroup
  ) throws {
    training = try Dataset(folder: dataFolder, split: "train")
    try Self.checkTask(wish.model.architecture, training.info, folder: dataFolder)
    let hasValidation = try Dataset.splits(in: dataFolder).contains("val")
    validation = hasValidation ? try Dataset(folder: dataFolder, split: "val") : nil
    let measured: MeasuredData = try JSONMessage.broadcast(
      world.rank == 0
        ? try MeasuredData(training, for: wish, parameters: initialise, threads: threads) : nil, from: 0, over: world)
    normalisationNote = measured.source.map { "images: mean and std as \($0) has them" }
    let isDedicated = try Roles.isDedicated(wish.distributed.coordinator, ranks: world.size)
    var settings = wish.settled(trainers: world.size - (isDedicated ? 1 : 0))
    settings.data.path = dataFolder
    settings.model.classes = try Self.agreed(
      wish.model.classes, training.info.classCount, key: "model.classes", what: "classes", folder: dataFolder)
    settings.model.channels = try Self.agreed(
      wish.model.channels, training.info.channels, key: "model.channels", what: "channels", folder: dataFolder)
    settings.data.mean = wish.data.mean ?? measured.mean
    settings.data.std = wish.data.std ?? measured.std
    mask = try VisibleMask.make(wish.data.visible, background: wish.data.background, training.info)
    if let mask { settings.data.background = mask.backgroundNames }
    configuration = settings
    modelConfiguration = try ModelConfiguration(settings.model)
    classWeights = try measured.classWeights(settings.loss.classWeights, classCount: training.info.classCount)
    let size = training.size(0)
    referenceSize =
      modelConfiguration.frame.map { InstanceFrame.padded($0.resized(size)) }
      ?? settings.data.augment.crop.map { ($0.height, $0.width) } ?? (size.height, size.width)
    try checkAugmentation()
    try normalisation.validate(channels: training.info.channels)
    try transform.augmentation.validate()
    try checkSplitsBelongTogether()
  }

  /// - Throws: where an architecture cannot learn what a dataset has.
  package static func checkTask(_ architecture: Architecture, _ info: DatasetInfo, folder: String) throws {
    guard architecture.task != info.task else { return }
    let others = Architecture.allCases.filter { $0.task == info.task }.map(\.rawValue)
    throw Failure(
      .configuration,
      "model.architecture \(architecture.rawValue) is for \(architecture.task.rawValue) data, and the dataset in "
        + "\(folder) is for \(info.task.rawValue)",
      remedy: others.isEmpty
        ? "this version has no network for it yet: use another dataset"
        : "set model.architecture to \(others.joined(separator: ", ")), or use another dataset")
  }

  /// - Throws: where images that are resized as a whole are to be cropped.
  private func checkAugmentation() throws {
    let augment = configuration.data.augment
    guard modelConfiguration.frame != nil, augment.crop != nil || augment.area != nil else { return }
    throw Failure(
      .configuration, "data.augment.\(augment.crop == nil ? "area" : "crop") is not for mask-rcnn",
      remedy: "images are resized as a whole: set detection.min_size and detection.max_size, and data.augment.scale")
  }

  private func checkSplitsBelongTogether() throws {
    guard let other = validation?.info else { return }
    let difference =
      other.task != training.info.task
      ? "task"
      : other.classNames != training.info.classNames
        ? "classes"
        : other.channels != training.info.channels ? "number of channels" : nil
    guard let difference else { return }
    throw Failure(
      .badData, "the splits train and val in \(training.folder) do not have the same \(difference)",
      remedy: "import both splits from one source, or both with the same --classes")
  }

  /// Settings that come to nothing in this run.
  package var warnings: [String] { lossWarnings + validationWarnings }

  private var lossWarnings: [String] {
    guard modelConfiguration.architecture.task == .instances, configuration.loss != Configuration().loss else {
      return []
    }
    return ["the keys loss.* have no effect: mask-rcnn has five losses of its own"]
  }

  private var validationWarnings: [String] {
    let reason =
      validation == nil
      ? "there is no val split"
      : configuration.train.evaluateEvery == .never ? "train.evaluate_every is never" : nil
    guard let reason else { return [] }
    let idle = [
      configuration.schedule.name == .plateau ? "schedule.name: plateau" : nil,
      configuration.train.earlyStop != nil ? "train.early_stop" : nil,
    ]
    return idle.compactMap { $0 }.map { "\($0) has no effect: \(reason)" }
  }

  /// Labels that make no sense to train on.
  ///
  /// - Throws: as `Dataset.readLabels`, where the shards do not state their counts.
  package func labelWarnings(threads: Int) throws -> [String] {
    let splits = [training, validation].compactMap { $0 }
    return LabelSense.warnings(try splits.map { try LabelCounts.read($0, threads: threads) })
  }

  package var normalisation: Normalisation {
    Normalisation(mean: configuration.data.mean ?? [], std: configuration.data.std ?? [])
  }

  package var transform: SampleTransform {
    let augment = configuration.data.augment
    return SampleTransform(
      normalisation: normalisation,
      augmentation: AugmentationSettings(
        flip: augment.flip, scale: augment.scale, crop: augment.crop.map { ($0.height, $0.width) },
        color: augment.color, area: augment.area, aspect: augment.aspect),
      mask: mask, ignoreLabel: training.info.ignoreValue, seed: configuration.train.seed,
      frame: modelConfiguration.frame)
  }

  /// What the dataset has.
  ///
  /// - Throws: where the configuration asks for something else.
  package static func agreed(
    _ wish: Int?, _ found: Int, key: String, what: String, folder: String
  ) throws -> Int {
    guard let wish, wish != found else { return found }
    throw Failure(
      .configuration, "\(key) is \(wish), and the dataset in \(folder) has \(found) \(what)",
      remedy: "leave \(key) out to take the dataset's, or use another dataset")
  }
}
