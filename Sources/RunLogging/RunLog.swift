import Basics

/// What rank 0 writes down while a run goes on: `metrics.jsonl`, TensorBoard events, and lines for people.
package final class RunLog {
  package let console: Console
  private let metrics: MetricsFile
  private let events: EventFile
  private let progress: Progress
  private var hasWarnedOfDisk = false

  /// Opens the files of `folder` for a run that goes on after `step` finished steps, and takes out what they hold of
  /// later ones.
  package init(
    folder: String, console: Console, totalSteps: Int, totalEpochs: Double, continuingAfterStep step: Int
  ) throws {
    self.console = console
    metrics = try MetricsFile(path: folder + "/metrics.jsonl", continuingAfterStep: step)
    events = try EventFile(folder: folder, continuingAfterStep: step)
    progress = Progress(console: console, totalSteps: totalSteps, totalEpochs: totalEpochs, startingAtStep: step)
  }

  /// Writes the step to the console, metrics.jsonl and TensorBoard's file.
  package func record(_ step: StepRecord) throws {
    try survivingAFullDisk { try metrics.append(step) }
    try survivingAFullDisk {
      try events.append(
        [("loss/train", step.loss)] + step.losses.map { ("loss/\($0.name)", $0.value) } + [
          ("learning_rate", step.learningRate),
          ("speed/images_per_second", step.imagesPerSecond), ("seconds/data", step.seconds.data),
          ("seconds/compute", step.seconds.compute), ("seconds/exchange", step.seconds.exchange),
          ("seconds/update", step.seconds.update),
        ], step: step.step)
    }
    progress.show(step)
  }

  /// Tells people of something that is not well, and goes on.
  package func warn(_ text: String) { console.line("warning: \(text)") }

  /// Writes the evaluation to the console, metrics.jsonl and TensorBoard's file.
  package func record(_ evaluation: EvaluationRecord) throws {
    try survivingAFullDisk { try metrics.append(evaluation) }
    let classes = evaluation.classes.compactMap { result in
      result.value.map { ("\(evaluation.task.classMetric.name)/\(result.name)", $0) }
    }
    try survivingAFullDisk {
      try events.append(
        evaluation.measured.map { ("validation/\($0.metric.name)", $0.value) }
          + (evaluation.loss.isNaN ? [] : [("loss/validation", evaluation.loss)]) + classes, step: evaluation.step)
    }
    guard !evaluation.countedNothing else {
      return console.line(
        "evaluation after step \(evaluation.step): nothing was counted, "
          + "every \(evaluation.task.labelledUnit) is of no class")
    }
    let loss = evaluation.loss.isNaN ? "" : "  loss \(significant(evaluation.loss, 4))"
    console.line("evaluation after step \(evaluation.step): \(evaluation.summary)\(loss)")
  }

  /// A log that cannot be written is no reason to lose a training: said once, and tried again with the next record.
  private func survivingAFullDisk(_ append: () throws -> Void) throws {
    do { try append() } catch let failure as Failure where failure.kind == .inputOutput {
      if !hasWarnedOfDisk { warn("\(failure.message); the lines are kept for later, training goes on") }
      hasWarnedOfDisk = true
    }
  }
}
