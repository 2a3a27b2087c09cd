import Basics
import Exchange
import Kernels
import Model
import SegmentationData

/// One trainer's part of a step: the gradients of its micro-batches, left in its buffers as nodes of the summation
/// tree.
package final class GradientComputation {
  /// The losses of one micro-batch: weighted, summed over its pixels or images, not divided.
  package struct MicroBatchLoss: Equatable, Sendable {
    package let microBatch: Int
    /// One for each of the objective's losses.
    package let parts: [Double]

    package init(microBatch: Int, parts: [Double]) {
      self.microBatch = microBatch
      self.parts = parts
    }
  }

  private let network: Network
  private let memory: ParameterMemory
  private let buffers: [UnsafeMutablePointer<Float>]
  private let accumulation: Accumulation
  private let plan: MicroBatchPlan
  private let objective: any TrainingObjective
  private let pool: WorkerPool
  /// Holds the gradient of a micro-batch's further groups where images of a micro-batch differ in size.
  private var overflow: MemoryRegion?
  private var pixels: [Float] = []

  /// - Parameter objective: what the network is trained to do.
  package init(
    network: Network, memory: ParameterMemory, buffers: [UnsafeMutablePointer<Float>], plan: MicroBatchPlan,
    trainer: Int, objective: any TrainingObjective, pool: WorkerPool
  ) {
    self.network = network
    self.memory = memory
    self.buffers = buffers
    self.plan = plan
    self.objective = objective
    accumulation = plan.accumulation(ofTrainer: trainer)
    self.pool = pool
  }

  /// - Parameters:
  ///   - samples: the samples at this trainer's positions of the batch, in order.
  ///   - scale: multiplies every gradient: 1 / the global normaliser.
  ///   - release: called during the last backward pass with the element of the arena from which on this trainer's
  ///     buffers are complete, and do not change any more. What is left is complete at the end.
  package func run(
    _ samples: [Sample], scale: Float, release: (Int) -> Void = { _ in }
  ) throws -> [MicroBatchLoss] {
    var next = 0
    var losses: [MicroBatchLoss] = []
    for (number, step) in accumulation.steps.enumerated() {
      let count = plan.positions(ofMicroBatch: step.microBatch).count
      let isLast = number == accumulation.steps.count - 1
      var progress = GradientProgress(network.parameters)
      let parts = try microBatch(Array(samples[next..<next + count]), scale: scale, into: buffers[step.buffer]) {
        range in
        accumulate(step, progress.complete(range))
        if isLast && progress.start > 0 { release(progress.start) }
      }
      accumulate(step, progress.completeAll())
      losses.append(MicroBatchLoss(microBatch: step.microBatch, parts: parts))
      next += count
    }
    return losses
  }

  /// Images of equal size go through the network together; the groups' gradients are added in order of appearance.
  ///
  /// - Parameter ready: called with each parameter's range once its gradient is complete; not at all where images
  ///   differ in size.
  private func microBatch(
    _ samples: [Sample], scale: Float, into gradient: UnsafeMutablePointer<Float>, ready: (Range<Int>) -> Void
  ) throws -> [Double] {
    var groups: [[Sample]] = []
    for sample in samples {
      if let i = groups.firstIndex(where: { $0[0].height == sample.height && $0[0].width == sample.width }) {
        groups[i].append(sample)
      } else {
        groups.append([sample])
      }
    }
    if groups.count == 1 { return try backpropagate(samples, scale: scale, into: gradient, ready: ready) }
    var losses = objective.lossNames.map { _ in 0.0 }
    for (i, group) in groups.enumerated() {
      let destination = i == 0 ? gradient : try overflowBuffer()
      let parts = try backpropagate(group, scale: scale, into: destination, ready: { _ in })
      for part in losses.indices { losses[part] += parts[part] }
      if i > 0 { apply(.add(1), to: [gradient, destination], 0..<network.parameters.floatCount) }
    }
    return losses
  }

  private func backpropagate(
    _ samples: [Sample], scale: Float, into gradient: UnsafeMutablePointer<Float>, ready: (Range<Int>) -> Void
  ) throws -> [Double] {
    let plan = try network.plan(
      images: samples.count, height: samples[0].height, width: samples[0].width, training: true)
    if samples.count == 1 {
      return try objective.backpropagate(
        plan, samples[0].pixels, memory, samples, scale: scale, into: gradient, ready: ready)
    }
    pixels.removeAll(keepingCapacity: true)
    for sample in samples { pixels.append(contentsOf: sample.pixels) }
    return try objective.backpropagate(plan, pixels, memory, samples, scale: scale, into: gradient, ready: ready)
  }

  private func overflowBuffer() throws -> UnsafeMutablePointer<Float> {
    if let overflow { return overflow.floats() }
    let region = try MemoryRegion(byteCount: 4 * network.parameters.floatCount)
    overflow = region
    return region.floats()
  }

  private func accumulate(_ step: Accumulation.Step, _ range: Range<Int>) {
    for operation in step.operations { apply(operation, to: buffers, range) }
  }

  private func apply(
    _ operation: Accumulation.Operation, to buffers: [UnsafeMutablePointer<Float>], _ range: Range<Int>
  ) {
    pool.runRanges(range.count, grain: 1 << 18) { piece in
      operation.apply(
        to: buffers, range.lowerBound + piece.lowerBound..<range.lowerBound + piece.upperBound)
    }
  }
}
