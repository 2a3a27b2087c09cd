import Kernels
import Model
import SegmentationData

/// What a network is trained to do with a batch: the loss and its gradient. One for each task (`TrainingObjectives.make`).
/// docs/code-tour.md lists the files to touch for a further loss.
package protocol TrainingObjective: AnyObject {
  /// Names of the losses whose sum is minimised.
  var lossNames: [String] { get }

  /// A pass forward and backward.
  ///
  /// - Parameters:
  ///   - plan: for training, of as many images as samples.
  ///   - pixels: of the samples, one after the other.
  ///   - samples: of equal size.
  ///   - scale: multiplies every gradient: 1 / the global normaliser.
  ///   - gradient: `ParameterTable.floatCount` floats, all overwritten.
  ///   - ready: called with each parameter's range as soon as its gradient is complete, last layers first.
  /// - Returns: each loss, summed over the samples, not divided.
  func backpropagate(
    _ plan: Plan, _ pixels: UnsafePointer<Float>, _ memory: ParameterMemory, _ samples: [Sample], scale: Float,
    into gradient: UnsafeMutablePointer<Float>, ready: (Range<Int>) -> Void
  ) throws -> [Double]
}
