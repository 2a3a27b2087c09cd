import Basics
import Checkpoints
import Collectives
import Model
import RunLogging
import TrainingConfiguration

/// Where a training begins: at step 0 from initial or given parameters, or where a checkpoint left off.
package struct StartingPoint: Codable {
  package let counts: SampleCounts
  /// Whether there is a checkpoint of exactly this point in the run's folder.
  package let isStored: Bool
  package let evaluations: [EvaluationRecord]
  package let steps: [StepRecord]
  /// What was done, in lines for people.
  package let notes: [String]
  /// Whether the parameters are those of the seed, which every machine makes for itself.
  package let isFresh: Bool

  /// Updates done.
  package var step: Int { counts.startStep }

  /// Fills `arena` on this rank, unless the training is a fresh one.
  ///
  /// - Parameters:
  ///   - reader: of the checkpoint that the run goes on from, if it does (`checkpoint`).
  ///   - store: the run's checkpoints.
  ///   - provenance: of this run.
  package init(
    _ reader: CheckpointReader?, counts: SampleCounts, options: TrainingOptions, configuration: Configuration,
    model: ModelConfiguration, store: CheckpointStore, provenance: [String: String], arena: StateArena,
    pool: WorkerPool
  ) throws {
    if let reader {
      self = try Self.resumed(
        from: reader, counts: counts, configuration: configuration, provenance: provenance, store: store, arena: arena)
      return
    }
    var notes = ["parameters: initialised from seed \(configuration.train.seed)"]
    if let path = options.initialise {
      Initialisation(arena.table, configuration: model, seed: configuration.train.seed)
        .run(into: arena.master, pool: pool)
      let file = try ParameterFile(path)
      let source = try file.dictionary()
      try Self.checkIsFinite(source, path)
      let report = transplant(source: source, into: arena.table, arena.master)
      try Self.checkIsWorthwhile(report, path, options)
      try arena.table.checkNormalizations(in: arena.master, epsilon: model.batchNormEpsilon, path: path)
      notes =
        ["parameters: from \(path)\(file.isAverage ? ", their moving average" : "")"] + report.summary.map { "  " + $0 }
    }
    self.init(counts: counts, evaluations: [], steps: [], notes: notes, isFresh: options.initialise == nil)
  }

  private init(
    counts: SampleCounts, isStored: Bool = false, evaluations: [EvaluationRecord], steps: [StepRecord],
    notes: [String], isFresh: Bool = false
  ) {
    self.counts = counts
    self.isStored = isStored
    self.evaluations = evaluations
    self.steps = steps
    self.notes = notes
    self.isFresh = isFresh
  }

  private static func checkIsFinite(_ source: [String: (shape: [Int], values: [Float])], _ path: String) throws {
    for (name, tensor) in source.sorted(by: { $0.key < $1.key }) {
      guard let place = tensor.values.firstIndex(where: { !$0.isFinite }) else { continue }
      throw Failure(
        .badData, "\(path): value \(place) of \(name) is \(tensor.values[place]), not a finite number",
        remedy: "the weights are broken: take another checkpoint of that training")
    }
  }

  /// A training that thinks it has a pre-trained backbone and has none wastes a day.
  private static func checkIsWorthwhile(_ report: TransplantReport, _ path: String, _ options: TrainingOptions) throws {
    let what: String
    if report.taken.isEmpty {
      what = "nothing in \(path) fits this model"
    } else if !options.acceptsAnyInitialisation && !report.taken.contains(where: { $0.hasPrefix("conv") }) {
      what = "no convolution of the backbone in \(path) fits this model"
    } else {
      return
    }
    throw Failure(
      .configuration, "\(what): \(report.summary.joined(separator: "; "))",
      remedy: "check model.widths and model.channels against the file with 'fcn-dist checkpoint show'"
        + (report.taken.isEmpty ? "" : ", or take what fits with --init-anyway"))
  }

  /// The checkpoint that a run goes on from, read in full and found intact; nil where it begins.
  ///
  /// - Parameters:
  ///   - store: the run's checkpoints.
  ///   - warn: told of damaged checkpoints that were passed over.
  static func checkpoint(
    _ options: TrainingOptions, store: CheckpointStore, warn: (String) -> Void
  ) throws -> CheckpointReader? {
    switch options.resume {
    case .file(let path):
      let reader = try CheckpointReader(path)
      try reader.verify()
      return reader
    case .auto: return try store.newestGood(warn: warn)
    case .never: return nil
    }
  }

  /// Refuses to begin a new training where there is one.
  static func checkIsNew(_ folder: String, _ store: CheckpointStore) throws {
    guard let last = try store.steps().last else { return }
    throw Failure(
      .cannotCreate, "\(folder) holds the checkpoints of a training already (up to step \(last))",
      remedy: "continue it with --resume auto, or give another folder with --output")
  }

  private static func resumed(
    from reader: CheckpointReader, counts: SampleCounts, configuration: Configuration, provenance: [String: String],
    store: CheckpointStore, arena: StateArena
  ) throws -> StartingPoint {
    let state = reader.state
    try check(state, of: reader.path, against: configuration)
    try arena.fill(from: state, path: reader.path)
    return StartingPoint(
      counts: counts, isStored: reader.path == store.path(ofStep: state.training.step),
      evaluations: TrainingHistory.evaluations(
        in: state.history, task: configuration.model.architecture.task, classNames: state.model.classNames),
      steps: TrainingHistory.steps(in: state.history),
      notes: ["resuming after step \(state.training.step) from \(reader.path)"] + changes(state, configuration)
        + averageNote(state, configuration)
        + counts.changes(since: state) + BitwiseContinuation(from: state, to: provenance, configuration).note)
  }

  /// What must not change under a training that goes on.
  private static func check(_ state: CheckpointState, of path: String, against configuration: Configuration) throws {
    let model = configuration.model
    var differences: [String] = []
    func compare<T: Equatable>(_ key: String, _ stored: T, _ wanted: T) {
      if stored != wanted { differences.append("\(key) is \(stored) there and \(wanted) here") }
    }
    compare("model.architecture", state.model.architecture, model.architecture.rawValue)
    compare("model.geometry", state.model.geometry, model.geometry.rawValue)
    compare("model.upsampling", state.model.upsampling, model.upsampling.rawValue)
    compare("model.widths", state.model.widths, model.widths)
    compare("model.fc", state.model.fc, model.fc)
    compare("model.classes", state.model.classes, model.classes ?? state.model.classes)
    compare("model.channels", state.model.channels, model.channels ?? state.model.channels)
    compare("optimizer.name", state.optimizerName, configuration.optimizer.name.rawValue)
    compare("train.seed", state.training.seed, configuration.train.seed)
    guard differences.isEmpty else {
      throw Failure(
        .configuration, "cannot continue \(path): \(differences.joined(separator: "; "))",
        remedy: "use the configuration it was trained with (config.yaml in its folder), or start a new training from "
          + "its parameters with --init")
    }
  }

  /// Says which settings differ from the checkpoint's own: allowed, but no longer the same training.
  private static func changes(_ state: CheckpointState, _ configuration: Configuration) -> [String] {
    guard let old = try? Configuration(yaml: state.configurationText, file: "checkpoint"), old != configuration else {
      return []
    }
    let before = old.yaml.split(separator: "\n").map { $0.trimmingPrefix { $0 == " " } }
    let after = configuration.yaml.split(separator: "\n").map { $0.trimmingPrefix { $0 == " " } }
    let changed = after.filter { !before.contains($0) }
    return ["settings differ from the checkpoint's: \(changed.joined(separator: ", "))"]
  }

  private static func averageNote(_ state: CheckpointState, _ configuration: Configuration) -> [String] {
    let has = state.optimizerState.contains { $0.name == CheckpointLayout.average }
    guard configuration.optimizer.emaDecay != nil, !has else { return [] }
    return ["the moving average begins here, with the checkpoint's parameters"]
  }

  /// Tells all ranks where to start and copies the state to every machine.
  ///
  /// - Important: Collective over the world; `recipients` are its rank 0 and one rank of every other store.
  static func distributed(
    _ start: StartingPoint?, arena: StateArena, recipients: (any ProcessGroup)?, world: any ProcessGroup
  ) throws -> StartingPoint {
    let start: StartingPoint = try JSONMessage.broadcast(start, from: 0, over: world)
    if !start.isFresh, let recipients, recipients.size > 1 {
      // A fresh optimizer's arenas are zero everywhere already.
      for values in start.step == 0 ? [arena.master] : arena.arenas {
        try recipients.broadcast(
          UnsafeMutableRawBufferPointer(start: values, count: 4 * arena.table.floatCount), from: 0)
      }
    }
    return start
  }
}
