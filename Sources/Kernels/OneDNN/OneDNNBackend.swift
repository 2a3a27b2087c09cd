import Basics
import COneDNN

/// The fast engine: oneDNN's kernels for the multiplications, vectorised loops for the rest, all on one OpenMP pool.
package final class OneDNNBackend: Backend {
  package let precision: Precision
  package let threadCount: Int
  /// The loss of each image row, before the rows are summed in order.
  var rowLosses: [LossOutcome] = []

  /// Why this backend can't be used here; nil when it can.
  package static var unavailabilityReason: String? { OneDNNLibrary.unavailabilityReason }

  private init(precision: Precision, threads: Int) {
    self.precision = precision
    threadCount = threads
  }

  /// - Parameter threads: 1 or more.
  /// - Throws: `Failure` (.configuration) when the library or the precision can't be used on this machine.
  package static func make(precision: Precision, threads: Int) throws -> OneDNNBackend {
    precondition(threads > 0)
    if let reason = unavailabilityReason {
      throw Failure(
        .configuration, "the oneDNN backend cannot be used: \(reason)",
        remedy: "use the portable backend, or install it")
    }
    if precision == .bfloat16 && conednn_supports_bfloat16() == 0 {
      throw Failure(
        .configuration, "this processor (\(OneDNNLibrary.instructionSet)) has no bfloat16 support in oneDNN",
        remedy: "set train.precision to float32")
    }
    return OneDNNBackend(precision: precision, threads: threads)
  }

  package var name: String { "onednn" }
  package var activationType: ElementType { isBFloat16 ? .bfloat16 : .float32 }
  package var summary: String {
    "oneDNN \(OneDNNLibrary.version), \(OneDNNLibrary.instructionSet), \(precision.rawValue), "
      + "\(threadCount) thread\(threadCount == 1 ? "" : "s")"
  }
  package var fingerprint: String {
    "onednn:1:\(OneDNNLibrary.version):\(OneDNNLibrary.instructionSet):\(precision.rawValue):\(threadCount)"
  }

  var isBFloat16: Bool { precision == .bfloat16 }

  package func layout(of convolution: Convolution, reference: ActivationShape) throws -> any WeightLayout {
    try layout(
      convolution.libraryShape(source: reference, isBFloat16: isBFloat16, isInference: false), isTransposed: false)
  }

  package func layout(of deconvolution: Deconvolution, reference: ActivationShape) throws -> any WeightLayout {
    try layout(
      deconvolution.libraryShape(source: reference, isBFloat16: isBFloat16, isInference: false), isTransposed: true)
  }

  private func layout(_ shape: conednn_convolution, isTransposed: Bool) throws -> OneDNNWeightLayout {
    func choice(_ direction: OneDNNPrimitive.Direction) throws -> OneDNNDescriptor {
      try OneDNNPrimitive.convolution(shape, direction, threads: threadCount, weights: nil).weightsDescriptor()
    }
    return try OneDNNWeightLayout(
      master: choice(.backwardWeights), forward: choice(.forward), backwardData: choice(.backwardData),
      isTransposed: isTransposed, isBFloat16: isBFloat16, threads: threadCount)
  }

  package func operation(
    for convolution: Convolution, source: ActivationShape, layout: any WeightLayout, purpose: OperationPurpose
  ) throws -> any WeightedOperation {
    precondition(!(convolution.rectified && convolution.accumulating))
    return try OneDNNWeightedOperation(
      convolution.libraryShape(source: source, isBFloat16: isBFloat16, isInference: purpose == .inference),
      layout: own(layout), purpose: purpose, threads: threadCount)
  }

  package func operation(
    for deconvolution: Deconvolution, source: ActivationShape, layout: any WeightLayout, purpose: OperationPurpose
  ) throws -> any WeightedOperation {
    try OneDNNWeightedOperation(
      deconvolution.libraryShape(source: source, isBFloat16: isBFloat16, isInference: purpose == .inference),
      layout: own(layout), purpose: purpose, threads: threadCount)
  }

  private func own(_ layout: any WeightLayout) throws -> OneDNNWeightLayout {
    guard let layout = layout as? OneDNNWeightLayout else {
      throw Failure(.internalError, "a weight layout of another backend (\(layout.fingerprint))")
    }
    return layout
  }

  package func maxPool(source: ActivationShape, purpose: OperationPurpose) throws -> any MaxPoolOperation {
    OneDNNMaxPool(source: source, isBFloat16: isBFloat16, threads: threadCount)
  }
}
