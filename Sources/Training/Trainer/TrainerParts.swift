import Basics
import Collectives
import Exchange
import Model
import SegmentationData
import TrainingConfiguration

/// What a trainer is put together from.
package struct TrainerParts {
  package var configuration: Configuration
  package var network: Network
  package var store: ParameterStore
  package var exchange: GradientExchange
  package var dataset: Dataset
  package var transform: SampleTransform
  package var group: any ProcessGroup
  /// This rank's number in the job.
  package var rank: Int
  package var optimizer: Optimizer
  package var schedule: LearningRateSchedule
  package var classWeights: [Float]
  package var totalSteps: Int
  /// Where the sampler is after each step.
  package var counts: SampleCounts
  package var pool: WorkerPool
  package var loaderThreads: Int
  package var stopSignal: StopSignal
  package var watchdog: Watchdog?
  /// The faults to inject on this rank.
  package var faults: InjectedFaults
}
