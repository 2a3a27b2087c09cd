import Basics
import Checkpoints
import TrainingConfiguration

/// How many images a training has seen after each of its steps, and where in the epoch its sampler is. Batch size and
/// dataset may have changed on resume: the counts go on from those of the checkpoint.
package struct SampleCounts: Codable, Equatable, Sendable {
  /// Images of one step.
  package let batch: Int
  /// Images of one epoch.
  package let sampleCount: Int
  /// Updates done before.
  package let startStep: Int
  /// Images seen, less step × batch.
  private let seenOffset: Int
  /// The sampler's position, less step × batch. It differs from the images seen where the dataset was another one.
  private let positionOffset: Int

  /// Those of a training that begins.
  package init(batch: Int, sampleCount: Int) {
    self.batch = batch
    self.sampleCount = sampleCount
    startStep = 0
    seenOffset = 0
    positionOffset = 0
  }

  /// Those of a training that goes on. Where the dataset has another size now, the share of an epoch that was seen
  /// stays what it was.
  ///
  /// - Throws: `Failure(.badData)` where the checkpoint's counts cannot be.
  package init(continuing state: CheckpointState, of path: String, batch: Int, sampleCount: Int) throws {
    let progress = state.training
    let before = Self.datasetSamples(of: state) ?? sampleCount
    let position = progress.position(datasetSamples: before)
    guard (0...Self.most).contains(progress.step), (0...Self.most).contains(progress.samplesSeen), before > 0,
      before <= Int(UInt32.max), let position, (0...Self.most).contains(position)
    else {
      throw Failure(
        .badData, "\(path): the counts of steps, epochs and images in /training cannot be",
        remedy: "continue from another checkpoint, or take its parameters with --init")
    }
    self.batch = batch
    self.sampleCount = sampleCount
    startStep = progress.step
    seenOffset = progress.samplesSeen - progress.step * batch
    let (epochs, rest) = position.quotientAndRemainder(dividingBy: before)
    positionOffset = epochs * sampleCount + rest * sampleCount / before - progress.step * batch
  }

  /// Steps and images of a training, at most: leaves room to multiply by a batch.
  private static let most = 1 << 40

  /// Images of one epoch; older files say so only by the history of their epochs.
  private static func datasetSamples(of state: CheckpointState) -> Int? {
    if let count = state.training.datasetSamples { return count }
    guard case .reals(let epochs)? = state.history["steps"]?["epoch"], let last = epochs.last,
      case .integers(let steps)? = state.history["steps"]?["step"], steps.last == Int64(state.training.step)
    else { return nil }
    let count = (Double(state.training.samplesSeen) / last).rounded()
    return count >= 1 && count <= Double(UInt32.max) ? Int(count) : nil
  }

  /// Images seen after `step` updates.
  package func seen(after step: Int) -> Int { max(0, step * batch + seenOffset) }

  /// Where the sampler goes on after `step` updates (`Sampler.sample(atPosition:)`).
  package func position(after step: Int) -> Int { max(0, step * batch + positionOffset) }

  /// Epochs done after `step` updates.
  package func epochs(after step: Int) -> Double { Double(position(after: step)) / Double(sampleCount) }

  /// Is it due after `step` updates?
  package func isDue(_ interval: Interval, after step: Int) -> Bool {
    interval.isDue(afterStep: step, batch: batch, sampleCount: sampleCount, positionOffset: positionOffset)
  }

  /// Total steps of the training, counting those before the resume.
  package func totalSteps(_ settings: Configuration.Train) -> Int {
    max(startStep, settings.totalSteps(batch: batch, sampleCount: sampleCount, positionOffset: positionOffset))
  }

  /// Offset in steps of a schedule over epochs: 0 where all batches had `batch` images.
  package func stepsAhead(_ settings: Configuration.Train) -> Double {
    if case .steps = settings.duration { return 0 }
    return -Double(positionOffset) / Double(batch)
  }

  /// A checkpoint's state of progress after `step` updates.
  package func progress(after step: Int, seed: UInt64) -> TrainingProgress {
    let position = position(after: step)
    return TrainingProgress(
      step: step, epoch: position / sampleCount, seed: seed, samplesSeen: seen(after: step),
      epochSamples: position % sampleCount, datasetSamples: sampleCount)
  }

  /// What changes for a training that goes on, in lines for people.
  package func changes(since state: CheckpointState) -> [String] {
    guard startStep > 0 else { return [] }
    let old = (try? Configuration(yaml: state.configurationText, file: "checkpoint"))?.batch.global
    var lines: [String] = []
    if let old, old != batch {
      lines.append(
        "batch.global was \(old) and is \(batch) from here on: \(seen(after: startStep)) images seen so far, "
          + "\(fixed(epochs(after: startStep), 2)) epochs; the epochs that are left and the schedule follow from them")
    }
    if let before = Self.datasetSamples(of: state), before != sampleCount {
      lines.append(
        "the dataset had \(before) training images and has \(sampleCount) from here on: "
          + "\(fixed(epochs(after: startStep), 2)) epochs are done, the others are of \(sampleCount) images")
    }
    return lines
  }
}
