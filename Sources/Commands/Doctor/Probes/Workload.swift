import Basics
import Exchange
import Kernels
import Model
import SegmentationData
import Training
import TrainingConfiguration

/// The splits that a training would read.
struct WorkloadData {
  let training: Dataset
  /// nil: there is none that can be read.
  let validation: Dataset?

  init(folder: String) throws {
    training = try Dataset(folder: folder, split: "train")
    // What is wrong with it is said by whoever looks at the data.
    validation = try? Dataset(folder: folder, split: "val")
  }
}

/// The training that is planned, made ready as far as it needs no parameters.
struct Workload {
  let configuration: Configuration
  let network: Network
  let plan: Plan
  let microBatches: MicroBatchPlan
  let isTrainer: Bool
  let facts: WorkloadFacts

  /// Images of this size where there is no dataset.
  private static let assumedSize = (height: 360, width: 480)
  private static let assumedClassCount = 11

  /// - Parameters:
  ///   - data: the splits; nil: sizes are assumed.
  ///   - memory: bytes that this rank can have.
  init(
    _ wish: Configuration, data: WorkloadData?, folder: String, memory: Int, backend: any Backend, rank: Int, ranks: Int
  ) throws {
    let dataset = data?.training
    let isDedicated = try Roles.isDedicated(wish.distributed.coordinator, ranks: ranks)
    var settings = wish.settled(trainers: ranks - (isDedicated ? 1 : 0))
    let (classes, channels) = (dataset?.info.classCount, dataset?.info.channels)
    settings.model.classes = try TrainingInputs.agreed(
      wish.model.classes, classes ?? wish.model.classes ?? Self.assumedClassCount, key: "model.classes",
      what: "classes", folder: folder)
    settings.model.channels = try TrainingInputs.agreed(
      wish.model.channels, channels ?? wish.model.channels ?? 3, key: "model.channels", what: "channels",
      folder: folder)
    configuration = settings
    let model = try ModelConfiguration(settings.model)
    let size = Self.imageSize(settings, dataset, frame: model.frame)
    let batch = settings.batch
    network = try Network(
      model, backend: backend, reference: (batch.micro, size.height, size.width),
      frozen: Set(LayerChoice(settings.optimizer, model: model).frozen))
    try ImageMemory(settings, network, training: dataset, validation: data?.validation).check(available: memory)
    plan = try network.plan(images: batch.micro, height: size.height, width: size.width, training: true)
    isTrainer = !(isDedicated && rank == 0)
    microBatches = MicroBatchPlan(settings, trainerCount: ranks - (isDedicated ? 1 : 0))
    let trainer = rank - (isDedicated ? 1 : 0)
    let sampleCount = dataset?.sampleCount ?? 0
    let optimizerStateNames = Training.Optimizer(settings.optimizer).optimizerStateNames
    let own = isTrainer ? microBatches.positions(ofTrainer: trainer).count : 0
    // Depth 2 of the loader, what is being read and what is being trained on.
    let sampleBytes = size.height * size.width * (4 * (settings.model.channels ?? 3) + 2)
    var facts = WorkloadFacts(
      title: Self.title(settings, size, isAssumed: dataset == nil), isTrainer: isTrainer,
      microBatchCount: isTrainer ? microBatches.microBatches(ofTrainer: trainer).count : 0, imageCount: own,
      totalMicroBatchCount: microBatches.microBatchCount,
      arenaByteCount: ParameterStore.arenaByteCount(network.parameters),
      preparedByteCount: network.parameters.preparedByteCount, optimizerStateCount: optimizerStateNames.count,
      bufferCount: isTrainer ? max(1, microBatches.accumulation(ofTrainer: trainer).bufferCount) : 0,
      sharesStore: settings.distributed.exchange != .allreduce,
      privateByteCount: plan.activationByteCount + plan.scratchByteCount + 4 * own * sampleBytes,
      checkpointByteCount: 4 * network.parameters.canonicalCount * (1 + optimizerStateNames.count),
      keptCheckpointCount: settings.train.keep,
      totalSteps: dataset == nil ? 0 : settings.train.totalSteps(batch: batch.global, sampleCount: sampleCount),
      stepsPerEpoch: (sampleCount + batch.global - 1) / batch.global,
      multiplicationCount: Self.multiplications(plan))
    facts.microBatchSize = microBatches.micro
    self.facts = facts
  }

  /// The crop, else the largest image as it goes through the network: what fits then fits always.
  private static func imageSize(
    _ settings: Configuration, _ dataset: Dataset?, frame: InstanceFrame?
  ) -> (height: Int, width: Int) {
    if let crop = settings.data.augment.crop { return (crop.height, crop.width) }
    let stored = dataset.map { dataset in (0..<dataset.sampleCount).map { dataset.size($0) } } ?? [assumedSize]
    let sizes = stored.map { size in frame.map { InstanceFrame.padded($0.resized(size)) } ?? size }
    return sizes.max { $0.height * $0.width < $1.height * $1.width } ?? assumedSize
  }

  private static func title(
    _ settings: Configuration, _ size: (height: Int, width: Int), isAssumed: Bool
  ) -> String {
    "\(settings.model.architecture.rawValue) of width \(settings.model.widths) and fc \(settings.model.fc), "
      + "\(settings.train.precision.rawValue), steps of \(counted(settings.batch.global, "image")) of \(size.height) x "
      + "\(size.width) (\(settings.batch.micro) at a time), \(counted(settings.model.classes ?? 0, "class", "classes"))"
      + (isAssumed ? "; sizes assumed, for no --data was given" : "")
  }

  private static func multiplications(_ plan: Plan) -> Int {
    plan.layerOperations.reduce(0) {
      $0 + $1.multiplicationCount * (1 + ($1.hasSourceGradient ? 1 : 0) + ($1.hasWeightGradient ? 1 : 0))
    }
  }
}
