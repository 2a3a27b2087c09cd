/// What a training will ask of a rank and of its machine.
package struct WorkloadFacts: Codable, Equatable, Sendable {
  /// Who is trained on what, in words.
  package var title: String
  /// False for a coordinator that only evaluates.
  package var isTrainer: Bool
  /// Micro-batches of a step that this rank computes, and how many images those are.
  package var microBatchCount: Int
  package var imageCount: Int
  /// Images of a micro-batch, at most.
  package var microBatchSize = 1
  /// Micro-batches of a step, over all ranks.
  package var totalMicroBatchCount: Int
  /// Bytes of one arena: parameters, one state of the optimizer, or a gradient.
  package var arenaByteCount: Int
  package var preparedByteCount: Int
  package var optimizerStateCount: Int
  /// This rank's gradients.
  package var bufferCount: Int
  /// Whether the ranks of a machine share one store.
  package var sharesStore: Bool
  /// Activations, scratch memory and samples of this rank.
  package var privateByteCount: Int
  /// Of one checkpoint file.
  package var checkpointByteCount: Int
  package var keptCheckpointCount: Int
  /// Steps of the whole training and of an epoch; 0 where there is no dataset.
  package var totalSteps: Int
  package var stepsPerEpoch: Int
  /// Multiplications of one micro-batch, forward and backward.
  package var multiplicationCount: Int

  package init(
    title: String, isTrainer: Bool, microBatchCount: Int, imageCount: Int, totalMicroBatchCount: Int,
    arenaByteCount: Int,
    preparedByteCount: Int, optimizerStateCount: Int, bufferCount: Int, sharesStore: Bool, privateByteCount: Int,
    checkpointByteCount: Int, keptCheckpointCount: Int, totalSteps: Int, stepsPerEpoch: Int, multiplicationCount: Int
  ) {
    self.title = title
    self.isTrainer = isTrainer
    self.microBatchCount = microBatchCount
    self.imageCount = imageCount
    self.totalMicroBatchCount = totalMicroBatchCount
    self.arenaByteCount = arenaByteCount
    self.preparedByteCount = preparedByteCount
    self.optimizerStateCount = optimizerStateCount
    self.bufferCount = bufferCount
    self.sharesStore = sharesStore
    self.privateByteCount = privateByteCount
    self.checkpointByteCount = checkpointByteCount
    self.keptCheckpointCount = keptCheckpointCount
    self.totalSteps = totalSteps
    self.stepsPerEpoch = stepsPerEpoch
    self.multiplicationCount = multiplicationCount
  }

  /// Of a store that ranks with `buffers` gradients in all use.
  package func storeByteCount(buffers: Int) -> Int {
    arenaByteCount * (1 + optimizerStateCount + buffers) + preparedByteCount
  }

  /// Parameters and optimizer state, copied while a checkpoint is written or an evaluation runs.
  package var snapshotByteCount: Int { arenaByteCount * (1 + optimizerStateCount) }
}
