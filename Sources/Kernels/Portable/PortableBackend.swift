import Basics

#if arch(x86_64)
  private let architecture = "x86-64"
#elseif arch(arm64)
  private let architecture = "arm64"
#else
  private let architecture = "other"
#endif

/// The backend in plain Swift: needs no library, runs on any CPU, and computes the same bits for any thread count.
///
/// Activations are float32. With `precision == .bfloat16` the weights' compute copies, every operation's activations
/// and every activation gradient are rounded to bfloat16 values, sums stay in float32: what a bfloat16 backend should
/// compute, up to the order of sums.
package final class PortableBackend: LineBackend {
  package let precision: Precision
  let pool: WorkerPool
  /// The loss of each image row, before the rows are summed in order.
  var rowLosses: [LossOutcome] = []

  /// - Parameter threads: 1 or more.
  /// - Throws: `Failure` when the threads can't be started.
  package init(precision: Precision, threads: Int) throws {
    self.precision = precision
    pool = try WorkerPool(threadCount: threads)
  }

  package var name: String { "portable" }
  package var threadCount: Int { pool.threadCount }
  package var activationType: ElementType { .float32 }
  package var summary: String {
    "portable Swift backend, \(architecture), \(precision.rawValue)\(precision == .bfloat16 ? " (emulated)" : ""), "
      + "\(threadCount) thread\(threadCount == 1 ? "" : "s")"
  }
  package var version: String { "1" }
  package var instructionSet: String { architecture }
  /// Not the threads: bits don't depend on them.
  package var fingerprint: String { "portable:\(version):\(architecture):\(precision.rawValue)" }

  package func layout(of convolution: Convolution, reference: ActivationShape) throws -> any WeightLayout {
    PanelWeightLayout(
      inputChannels: convolution.inputChannels, outputChannels: convolution.outputChannels, kernel: convolution.kernel,
      isTransposed: false, precision: precision, pool: pool)
  }

  package func layout(of deconvolution: Deconvolution, reference: ActivationShape) throws -> any WeightLayout {
    PanelWeightLayout(
      inputChannels: deconvolution.inputChannels, outputChannels: deconvolution.outputChannels,
      kernel: deconvolution.kernel, isTransposed: true, precision: precision, pool: pool)
  }

  package func operation(
    for convolution: Convolution, source: ActivationShape, layout: any WeightLayout, purpose: OperationPurpose
  ) throws -> any WeightedOperation {
    try PortableWeightedOperation(
      convolution, source: source, layout: panelLayout(layout), purpose: purpose, pool: pool)
  }

  package func operation(
    for deconvolution: Deconvolution, source: ActivationShape, layout: any WeightLayout, purpose: OperationPurpose
  ) throws -> any WeightedOperation {
    try PortableWeightedOperation(
      deconvolution, source: source, layout: panelLayout(layout), purpose: purpose, pool: pool)
  }

  private func panelLayout(_ layout: any WeightLayout) throws -> PanelWeightLayout {
    guard let layout = layout as? PanelWeightLayout else {
      throw Failure(.internalError, "a weight layout of another backend (\(layout.fingerprint))")
    }
    return layout
  }

  package func maxPool(
    _ window: MaxPoolWindow, source: ActivationShape, purpose: OperationPurpose
  ) throws -> any MaxPoolOperation {
    window == .two ? PortableMaxPool(source: source, pool: pool) : OverlappingMaxPool(source: source, backend: self)
  }
}
