import Basics
import Checkpoints
import Collectives
import Model
import RunLogging
import TrainingConfiguration

/// Where a training begins: at step 0 from initial or given parameters, or where a checkpoint left off.
package struct StartingPoint: Codable {
  /// Updates done.
  package let step: Int
  package let evaluations: [EvaluationRecord]
  package let steps: [StepRecord]
  /// What was done, in lines for people.
  package let notes: [String]
  /// Whether the parameters are those of the seed, which every machine makes for itself.
  package let isFresh: Bool

  /// Fills `arena` on this rank, unless the training is a fresh one.
  ///
  /// - Parameters:
  ///   - store: the run's checkpoints.
  ///   - provenance: of this run.
  ///   - warn: told of damaged checkpoints that were passed over.
  package init(
    options: TrainingOptions, configuration: Configuration, model: ModelConfiguration, store: CheckpointStore,
    provenance: [String: String], arena: StateArena, pool: WorkerPool, warn: (String) -> Void
  ) throws {
    if let reader = try Self.checkpoint(options, store: store, warn: warn) {
      self = try Self.resumed(from: reader, configuration: configuration, provenance: provenance, arena: arena)
      return
    }
    var notes = ["parameters: initialised from seed \(configuration.train.seed)"]
    if let path = options.initialise {
      Initialisation(arena.table, configuration: model, seed: configuration.train.seed)
        .run(into: arena.master, pool: pool)
      let file = try ParameterFile(path)
      let report = try transplant(source: file.dictionary(), into: arena.table, arena.master)
      guard !report.taken.isEmpty else {
        throw Failure(
          .configuration, "nothing in \(path) fits this model: \(report.summary.dropFirst().joined(separator: "; "))",
          remedy: "check model.architecture, model.widths and model.fc against the file with 'fcn-dist checkpoint show'"
        )
      }
      notes = ["parameters: from \(path)"] + report.summary.map { "  " + $0 }
    }
    self.init(step: 0, evaluations: [], steps: [], notes: notes, isFresh: options.initialise == nil)
  }

  private init(
    step: Int, evaluations: [EvaluationRecord], steps: [StepRecord], notes: [String], isFresh: Bool = false
  ) {
    self.step = step
    self.evaluations = evaluations
    self.steps = steps
    self.notes = notes
    self.isFresh = isFresh
  }

  private static func checkpoint(
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
    from reader: CheckpointReader, configuration: Configuration, provenance: [String: String], arena: StateArena
  ) throws -> StartingPoint {
    let state = reader.state
    try check(state, of: reader.path, against: configuration)
    try arena.fill(from: state, path: reader.path)
    return StartingPoint(
      step: state.training.step,
      evaluations: TrainingHistory.evaluations(in: state.history, classNames: state.model.classNames),
      steps: TrainingHistory.steps(in: state.history),
      notes: ["resuming after step \(state.training.step) from \(reader.path)"] + changes(state, configuration)
        + BitwiseContinuation(from: state, to: provenance, configuration).note)
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
