/// What a checkpoint holds (docs/formats.md section 4): all that the continuation of a training depends on, and where
/// it came from. No number of ranks, threads or machines is part of it.
package struct CheckpointState {
  package var model: CheckpointModel
  /// In canonical layouts, named "conv1_1/weight".
  package var parameters: [CheckpointTensor]
  package var optimizerName: String
  package var optimizerState: [CheckpointOptimizerState]
  package var training: TrainingProgress
  /// The effective configuration, YAML.
  package var configurationText: String
  /// Tables of columns of equal length: "steps" and "evaluations".
  package var history: [String: [String: HistoryColumn]]
  /// How it was made: tool_version, backend, instruction set, threads, versions of libraries.
  package var provenance: [String: String]

  package init(
    model: CheckpointModel, parameters: [CheckpointTensor], optimizerName: String,
    optimizerState: [CheckpointOptimizerState],
    training: TrainingProgress, configurationText: String, history: [String: [String: HistoryColumn]] = [:],
    provenance: [String: String] = [:]
  ) {
    self.model = model
    self.parameters = parameters
    self.optimizerName = optimizerName
    self.optimizerState = optimizerState
    self.training = training
    self.configurationText = configurationText
    self.history = history
    self.provenance = provenance
  }

  /// Updates made so far.
  package var step: Int { training.step }
}

/// The optimizer's numbers of one kind, one tensor for each parameter that has them.
package struct CheckpointOptimizerState {
  /// "momentum", "first_moment" or "second_moment".
  package var name: String
  package var tensors: [CheckpointTensor]

  package init(name: String, tensors: [CheckpointTensor]) {
    self.name = name
    self.tensors = tensors
  }
}

/// The network and what its input and output mean.
package struct CheckpointModel: Equatable, Sendable {
  package var architecture: String
  package var geometry: String
  package var upsampling: String
  package var classes: Int
  package var channels: Int
  package var widths: [Int]
  package var fc: Int
  package var pool4Scale: Double
  package var pool3Scale: Double
  /// -1: there is none.
  package var ignoreLabel: Int
  package var classNames: [String]
  /// Red, green, blue of 256 labels.
  package var palette: [UInt8]
  /// Per channel, in units of the stored pixels.
  package var mean: [Float]
  package var std: [Float]

  package init(
    architecture: String, geometry: String, upsampling: String, classes: Int, channels: Int, widths: [Int], fc: Int,
    pool4Scale: Double = 1, pool3Scale: Double = 1, ignoreLabel: Int, classNames: [String], palette: [UInt8],
    mean: [Float], std: [Float]
  ) {
    self.architecture = architecture
    self.geometry = geometry
    self.upsampling = upsampling
    self.classes = classes
    self.channels = channels
    self.widths = widths
    self.fc = fc
    self.pool4Scale = pool4Scale
    self.pool3Scale = pool3Scale
    self.ignoreLabel = ignoreLabel
    self.classNames = classNames
    self.palette = palette
    self.mean = mean
    self.std = std
  }
}

/// How far a training is.
package struct TrainingProgress: Equatable, Sendable {
  package var step: Int
  package var epoch: Int
  package var seed: UInt64
  /// Images seen in all.
  package var samplesSeen: Int
  /// Images seen of the epoch that is under way; nil in older files, where it follows from the images seen. `SampleCounts`
  /// goes on from it.
  package var epochSamples: Int?
  /// Images of one epoch; nil as above.
  package var datasetSamples: Int?
  /// What a schedule has to remember; empty for those that are functions of the step.
  package var scheduleState: [String: Double]
  package var bestMetric: Double?
  package var bestStep: Int?

  package init(
    step: Int, epoch: Int, seed: UInt64, samplesSeen: Int, epochSamples: Int? = nil,
    datasetSamples: Int? = nil, scheduleState: [String: Double] = [:],
    bestMetric: Double? = nil, bestStep: Int? = nil
  ) {
    self.step = step
    self.epoch = epoch
    self.seed = seed
    self.samplesSeen = samplesSeen
    self.epochSamples = epochSamples
    self.datasetSamples = datasetSamples
    self.scheduleState = scheduleState
    self.bestMetric = bestMetric
    self.bestStep = bestStep
  }

  /// Images of all epochs up to here, each counted as `datasetSamples`; nil where that is no number.
  package func position(datasetSamples: Int) -> Int? {
    guard let epochSamples else { return samplesSeen }
    let (whole, overflow) = epoch.multipliedReportingOverflow(by: datasetSamples)
    let (position, overflows) = whole.addingReportingOverflow(epochSamples)
    return overflow || overflows ? nil : position
  }
}

/// One column of a history table.
package enum HistoryColumn: Equatable, Sendable {
  case integers([Int64])
  case reals([Double])

  package var count: Int {
    switch self {
    case .integers(let values): values.count
    case .reals(let values): values.count
    }
  }
}
