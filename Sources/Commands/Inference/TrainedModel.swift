import ArgumentParser
import Basics
import Checkpoints
import Collectives
import Exchange
import Kernels
import Model
import SegmentationData
import Training
import TrainingConfiguration

/// A network with the parameters of a file, ready to run on every rank.
struct TrainedModel {
  let network: Network
  let normalisation: Normalisation
  /// nil: the network sees whole images.
  let mask: VisibleMask?
  let classNames: [String]
  let palette: [UInt8]
  /// Images that go through the network together, as in training.
  let batch: Int
  /// Whether the parameters are the moving average of a training's.
  let isAverage: Bool
  private let store: ParameterStore

  var memory: ParameterMemory { store.memory }
  var task: VisionTask { network.configuration.architecture.task }

  /// - Parameters:
  ///   - dataset: says what the file and the configuration leave open (classes' names, palette, mean and std).
  ///   - size: of a typical image.
  /// - Important: Collective over `group`.
  init(
    file path: String, weights: WeightOptions, settings: ConfigurationOptions, backendOptions: BackendOptions,
    dataset: Dataset?,
    size: (height: Int, width: Int), group: any ProcessGroup
  ) throws {
    let file = try ParameterFile(path, choice: weights.weights)
    isAverage = file.isAverage
    let configuration = try Self.configuration(file, settings)
    mask = try Self.mask(path, configuration, dataset)
    let model = try ModelConfiguration(Self.model(file, configuration, dataset))
    let backend = try backendOptions.makeBackend(for: configuration, group: group)
    batch = configuration.settled(trainers: 1).batch.micro
    let reference = model.frame.map { InstanceFrame.padded($0.resized(size)) } ?? size
    network = try Network(model, backend: backend, reference: (1, reference.height, reference.width))
    normalisation = try Self.normalisation(file, configuration, dataset, group: group)
    try normalisation.validate(channels: model.channels)
    classNames = file.model?.classNames ?? Self.classNames(dataset, count: model.classes)
    palette = file.model?.palette ?? dataset?.info.palette ?? Palette.voc
    let machine = try group.nodeGroup()
    store = try ParameterStore(
      table: network.parameters, optimizerStateNames: [], bufferCounts: Array(repeating: 0, count: machine.size),
      machine: machine)
    if machine.rank == 0 { try Self.fill(store, from: file, epsilon: model.batchNormEpsilon) }
    try machine.barrier()
    network.prepare(store.memory, piece: machine.rank, of: machine.size)
    try agreement(dataset, machine: machine).check(over: group)
  }

  /// Machines read files of their own, and a training may have moved a link between two of them.
  private func agreement(_ dataset: Dataset?, machine: any ProcessGroup) throws -> Agreement {
    let master = UnsafeRawBufferPointer(start: store.memory.master, count: network.parameters.floatCount * 4)
    let checksum = try machine.allReduce(machine.rank == 0 ? Int64(CRC32C.checksum(master)) : 0, .maximum)
    var agreement = Agreement()
    agreement.add("the program's file", ProgramFile.identity)
    agreement.add("the backend", network.backend.fingerprint)
    agreement.add("the data", dataset?.fingerprint ?? "none")
    agreement.add("the normalisation", "mean \(normalisation.mean), std \(normalisation.std)")
    agreement.add("what is visible", mask.map { "\($0.part.rawValue), not \($0.backgroundNames)" } ?? "everything")
    agreement.add("the parameters", "CRC-32C \(String(checksum, radix: 16))")
    return agreement
  }

  /// The network that a file says it is of.
  static func network(of file: ParameterFile) throws -> ModelConfiguration {
    try ModelConfiguration(model(file, configuration(file, ConfigurationOptions.parse([])), nil))
  }

  /// What was given on the command line; else what the checkpoint was trained with.
  private static func configuration(_ file: ParameterFile, _ settings: ConfigurationOptions) throws -> Configuration {
    if let path = settings.config { return try settings.read(path) }
    if try CheckpointFile.isCheckpoint(file.path) {
      let text = try CheckpointReader(file.path).state.configurationText
      return try settings.read(text: text, called: "\(file.path): /training/config")
    }
    guard file.model != nil else {
      throw Failure(
        .missingInput, "\(file.path) holds parameters only and does not say of which model",
        remedy: "give the configuration of its model with --config")
    }
    return try settings.read(text: "", called: "--set")
  }

  /// The file's own description where it has one; else the configuration's, with what the parameters' shapes say.
  private static func model(
    _ file: ParameterFile, _ configuration: Configuration, _ dataset: Dataset?
  ) throws -> Configuration.Model {
    var model = configuration.model
    guard let stored = file.model else {
      func shape(_ name: String) -> [Int]? { file.parameters.first { $0.name == name }?.shape }
      model.classes =
        model.classes ?? shape("score_fr/bias")?.first ?? shape("cls_score/bias")?.first ?? dataset?.info.classCount
      let first = shape("conv1_1/weight") ?? shape("conv1/weight")
      model.channels = model.channels ?? first?.dropFirst().first ?? dataset?.info.channels
      return model
    }
    guard let architecture = Architecture(rawValue: stored.architecture),
      let geometry = Geometry(rawValue: stored.geometry), let upsampling = Upsampling(rawValue: stored.upsampling)
    else {
      throw Failure(
        .badData,
        "\(file.path) is of a network that is not known here: \(stored.architecture), \(stored.geometry), "
          + "\(stored.upsampling)")
    }
    model.architecture = architecture
    model.geometry = geometry
    model.upsampling = upsampling
    model.widths = stored.widths
    model.fc = stored.fc
    model.pool4Scale = Float(stored.pool4Scale)
    model.pool3Scale = Float(stored.pool3Scale)
    model.classes = stored.classes
    model.channels = stored.channels
    return model
  }

  private static func mask(_ path: String, _ configuration: Configuration, _ dataset: Dataset?) throws -> VisibleMask? {
    let (visible, background) = (configuration.data.visible, configuration.data.background)
    guard let dataset else {
      guard visible != .image else { return nil }
      throw Failure(
        .usage, "\(path) sees the \(visible.rawValue) alone, and image files have no labels to find it by",
        remedy: "predict a split with --data, or let it see whole images: --set data.visible=image")
    }
    return try VisibleMask.make(visible, background: background, dataset.info)
  }

  /// - Important: Collective over `group`: where nothing says it, rank 0 measures.
  private static func normalisation(
    _ file: ParameterFile, _ configuration: Configuration, _ dataset: Dataset?, group: any ProcessGroup
  ) throws -> Normalisation {
    if let mean = configuration.data.mean, let std = configuration.data.std {
      return Normalisation(mean: mean, std: std)
    }
    if let model = file.model { return Normalisation(mean: model.mean, std: model.std) }
    if let stored = file.normalisation { return Normalisation(mean: stored.mean, std: stored.std) }
    guard let dataset else {
      throw Failure(
        .missingInput, "neither \(file.path) nor the configuration says how images are normalised",
        remedy: "set data.mean and data.std")
    }
    let hasTraining = try Dataset.splits(in: dataset.folder).contains("train")
    let measured = hasTraining ? try Dataset(folder: dataset.folder, split: "train") : dataset
    return try DatasetStatistics.compute(measured).normalisation
  }

  /// Which parameters these are, where there are two kinds; for people.
  var weightsNote: String? {
    isAverage ? "parameters: their moving average (the last ones with --weights last)" : nil
  }

  private static func classNames(_ dataset: Dataset?, count: Int) -> [String] {
    if let names = dataset?.info.classNames, names.count == count { return names }
    return (0..<count).map { "class \($0)" }
  }

  private static func fill(_ store: ParameterStore, from file: ParameterFile, epsilon: Float) throws {
    let tensors = Dictionary(file.parameters.map { ($0.name, $0) }) { first, _ in first }
    for parameter in store.table.parameters {
      guard let tensor = tensors[parameter.name] else {
        throw Failure(
          .badData, "\(file.path) has no \(parameter.name), which the model has",
          remedy: "check model.architecture and model.upsampling against 'fcn-dist checkpoint show \(file.path)'")
      }
      guard tensor.shape == parameter.canonicalShape else {
        throw Failure(
          .badData,
          "\(file.path): \(parameter.name) has shape \(tensor.shape), the model has "
            + "\(parameter.canonicalShape)", remedy: "check model.widths, model.fc and model.classes")
      }
      try parameter.importCanonical(try tensor.values(), into: store.memory.master)
    }
    try store.table.checkNormalizations(in: store.memory.master, epsilon: epsilon, path: file.path)
  }
}
