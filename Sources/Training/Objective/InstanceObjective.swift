import Basics
import Detection
import Instances
import Kernels
import Model
import SegmentationData

/// The five losses of Mask R-CNN.
package final class InstanceObjective: TrainingObjective {
  package let lossNames = InstanceLosses.names
  private let objective: MaskRCNNObjective

  package init(_ settings: DetectionSettings, seed: UInt64) { objective = MaskRCNNObjective(settings, seed: seed) }

  package func backpropagate(
    _ plan: Plan, _ pixels: UnsafePointer<Float>, _ memory: ParameterMemory, _ samples: [Sample], scale: Float,
    into gradient: UnsafeMutablePointer<Float>, ready: (Range<Int>) -> Void
  ) throws -> [Double] {
    let targets = try samples.map { sample in
      guard let target = sample.target else {
        throw Failure(.internalError, "sample \(sample.key) comes without instances")
      }
      return target
    }
    return objective.backpropagate(
      plan, pixels, memory, targets: targets, randomKeys: samples.map(\.randomKey), scale: scale, into: gradient,
      ready: ready
    ).values
  }
}
