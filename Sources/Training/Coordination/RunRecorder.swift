import Basics
import Checkpoints
import Model
import RunLogging
import SegmentationData
import TrainingConfiguration

/// Writes down what a run comes to: checkpoints with their history, and words for people. One per run, on rank 0.
package final class RunRecorder {
  package let console: Console
  package let store: CheckpointStore
  private let folder: RunFolder
  private let configuration: Configuration
  private let model: CheckpointModel
  let provenance: Provenance
  private let optimizerName: String
  private var counts: SampleCounts
  private var steps: [StepRecord] = []
  private let writing = BackgroundWork()

  package init(
    folder: RunFolder, console: Console, inputs: TrainingInputs, optimizerName: String, provenance: Provenance,
    faults: InjectedFaults
  ) throws {
    self.folder = folder
    self.console = console
    self.optimizerName = optimizerName
    self.provenance = provenance
    configuration = inputs.configuration
    model = CheckpointModel(inputs)
    counts = SampleCounts(batch: configuration.batch.global, sampleCount: inputs.training.info.sampleCount)
    store = CheckpointStore(folder: folder.checkpointsPath) { faults.injectIntoCheckpoint($0, step: $1) }
  }

  /// Ends what still goes on and gives the folder back.
  package func close() {
    // A run that ends well has waited for its last checkpoint and heard of its errors.
    try? writing.finish()
    folder.close()
  }

  /// - Parameter commandLine: how the run was started; the first line of its configuration's file, as a comment.
  package func writeConfiguration(_ start: StartingPoint, commandLine: String) throws {
    steps = start.steps
    counts = start.counts
    for note in start.notes { console.line(note) }
    let comment = commandLine.split(whereSeparator: \.isNewline).joined(separator: " ")
    let text = (comment.isEmpty ? "" : "# \(comment)\n") + configuration.yaml
    try Array(text.utf8).withUnsafeBytes { try FileBytes.write($0, to: folder.configurationPath) }
  }

  /// Keeps the steps for the history in the next checkpoint.
  package func note(_ records: [StepRecord]) { steps += records }

  /// Shows how far this rank's evaluation is.
  package func progress(evaluated done: Int, of total: Int) {
    console.transient("evaluating: \(done) of \(total) images of this rank")
  }

  /// For a coordinator that evaluates while the trainers log.
  package func show(_ evaluation: EvaluationRecord) {
    console.line(
      "evaluated step \(evaluation.step): \(evaluation.summary)")
  }

  /// Begins to write a checkpoint, on a thread of its own: moves `latest.h5` and, after a new best evaluation,
  /// `best.h5`, and removes what is no longer kept. `arena` must not change before `finishWriting`.
  package func write(_ arena: StateArena, boundary: StepBoundary, policy: ValidationPolicy) throws {
    // With the arena: a training that fails must not take the memory from under the thread.
    let work = HandedOver((state(arena, boundary: boundary, policy: policy), store, configuration.train.keep, arena))
    let isBest = policy.best?.step == boundary.step
    try writing.start("checkpoint") {
      let (state, store, keep, _) = work.value
      try store.save(state, replacing: true)
      if isBest { try store.markBest(state.step) }
      try store.prune(keep: keep)
    }
  }

  /// Waits for the checkpoint that is being written. A disk that is full or gone in the middle of a run is said and
  /// survived: the next checkpoint may succeed.
  ///
  /// - Throws: when it is the run's last and could not be written.
  package func finishWriting(isLast: Bool) throws {
    do {
      try writing.finish()
    } catch let failure as Failure where !isLast {
      console.line("warning: a checkpoint could not be written: \(failure); training goes on")
    }
  }

  private func state(_ arena: StateArena, boundary: StepBoundary, policy: ValidationPolicy) -> CheckpointState {
    let plateau = PlateauState(
      after: policy.results.map(\.score), settings: configuration.schedule)
    var progress = counts.progress(after: boundary.step, seed: configuration.train.seed)
    progress.scheduleState = plateau.dictionary
    progress.bestMetric = policy.best?.score
    progress.bestStep = policy.best?.step
    return CheckpointState(
      model: model, parameters: arena.parameterTensors, optimizerName: optimizerName,
      optimizerState: arena.checkpointOptimizerState,
      training: progress, configurationText: configuration.yaml,
      history: TrainingHistory.columns(
        steps: steps, evaluations: policy.results, task: configuration.model.architecture.task,
        classCount: model.classNames.count), provenance: provenance.facts)
  }

}

extension PlateauState {
  /// As a checkpoint keeps it.
  var dictionary: [String: Double] {
    var values = [
      "evaluations_without_progress": Double(evaluationsWithoutProgress), "reductions": Double(reductions),
    ]
    values["best"] = best
    return values
  }
}

extension CheckpointModel {
  package init(_ inputs: TrainingInputs) {
    let info = inputs.training.info
    self.init(
      inputs.modelConfiguration, ignoreLabel: info.ignoreLabel, classNames: info.classNames, palette: info.palette,
      mean: inputs.normalisation.mean, std: inputs.normalisation.std)
  }

  package init(
    _ model: ModelConfiguration, ignoreLabel: Int, classNames: [String], palette: [UInt8], mean: [Float], std: [Float]
  ) {
    self.init(
      architecture: model.architecture.rawValue, geometry: model.geometry.rawValue,
      upsampling: model.upsampling.rawValue, classes: model.classes, channels: model.channels, widths: model.widths,
      fc: model.fc, pool4Scale: Double(model.pool4Scale), pool3Scale: Double(model.pool3Scale),
      ignoreLabel: ignoreLabel, classNames: classNames, palette: palette, mean: mean, std: std)
  }
}
