import Basics
import COneDNN

/// The fast backend: oneDNN's kernels for the multiplications, vectorised loops for the rest, all on one OpenMP pool.
package final class OneDNNBackend: LineBackend {
  package let precision: Precision
  package let threadCount: Int
  /// The loss of each image row, before the rows are summed in order.
  var rowLosses: [LossOutcome] = []

  /// Why this backend can't be used here; nil when it can.
  package static var unavailabilityReason: String? { OneDNNLibrary.unavailabilityReason }

  /// Whether this processor computes in `precision`, as far as ONEDNN_MAX_CPU_ISA lets it.
  package static func supports(_ precision: Precision) -> Bool {
    unavailabilityReason == nil && (precision == .float32 || conednn_supports_bfloat16() != 0)
  }

  /// Whether layers take the forms that suit a processor with matrix tiles.
  private let hasTiles: Bool

  private init(precision: Precision, threads: Int, hasTiles: Bool) {
    self.precision = precision
    self.hasTiles = hasTiles
    threadCount = threads
  }

  /// - Parameters:
  ///   - threads: 1 or more.
  ///   - hasTiles: which processor to choose the layers' forms for; nil: this one. For tests.
  /// - Throws: `Failure` (.configuration) when the library or the precision can't be used on this machine.
  package static func make(precision: Precision, threads: Int, hasTiles: Bool? = nil) throws -> OneDNNBackend {
    precondition(threads > 0)
    if let reason = unavailabilityReason {
      throw Failure(
        .configuration, "the oneDNN backend cannot be used: \(reason)",
        remedy: "use the portable backend, or install it")
    }
    if !supports(precision) {
      throw Failure(
        .configuration,
        "this processor (\(OneDNNLibrary.instructionSet)) has no \(precision.rawValue) support in oneDNN",
        remedy: "set train.precision to float32")
    }
    return OneDNNBackend(
      precision: precision, threads: threads, hasTiles: hasTiles ?? (conednn_has_matrix_tiles() != 0))
  }

  package var name: String { "onednn" }
  package var activationType: ElementType { isBFloat16 ? .bfloat16 : .float32 }
  package var summary: String {
    "oneDNN \(OneDNNLibrary.version), \(OneDNNLibrary.instructionSet), \(precision.rawValue), "
      + "\(threadCount) thread\(threadCount == 1 ? "" : "s")"
  }
  package var version: String { OneDNNLibrary.version }
  package var instructionSet: String { OneDNNLibrary.instructionSet }
  /// With the forms of the layers' kinds: which layers our own loops compute.
  package var fingerprint: String {
    let forms = [(3, 64), (3, 512), (7, 512), (1, 512)].map { kernel, channels in
      OneDNNForm(
        of: Convolution(
          inputChannels: channels, outputChannels: channels, kernel: kernel, padding: kernel / 2, rectified: true),
        isBFloat16: isBFloat16, hasTiles: hasTiles
      ).description
    }
    return "onednn:2:\(OneDNNLibrary.version):\(OneDNNLibrary.instructionSet):\(forms.joined(separator: ",")):"
      + "\(precision.rawValue):\(threadCount)"
  }

  var isBFloat16: Bool { precision == .bfloat16 }

  package func layout(of convolution: Convolution, reference: ActivationShape) throws -> any WeightLayout {
    let shape = convolution.libraryShape(source: reference, isBFloat16: isBFloat16, isInference: false)
    let form = OneDNNForm(of: convolution, isBFloat16: isBFloat16, hasTiles: hasTiles)
    return try layout(shape, form: form) ?? layout(shape)
  }

  package func layout(of deconvolution: Deconvolution, reference: ActivationShape) throws -> any WeightLayout {
    let shape = deconvolution.libraryShape(source: reference, isBFloat16: isBFloat16, isInference: false)
    return try layout(shape, form: .upsampling(isBFloat16: isBFloat16)) ?? layout(shape)
  }

  /// By the library's own (de)convolutions.
  private func layout(_ shape: conednn_convolution) throws -> OneDNNWeightLayout {
    guard let layout = try layout(shape, form: .library) else {
      throw Failure(.internalError, "a convolution's layout does not need taps to be separate")
    }
    return layout
  }

  /// - Returns: nil where the form's products want layouts that can't be described tap by tap.
  private func layout(_ shape: conednn_convolution, form: OneDNNForm) throws -> OneDNNWeightLayout? {
    let outs = Int(shape.destination_channels)
    let inputs = Int(shape.source_channels)
    let taps = Int(shape.kernel * shape.kernel)
    let master =
      switch form.weightGradient {
      case .library: try libraryChoice(shape, .backwardWeights)
      case .im2col: OneDNNArrangement(outs: outs, taps: taps, inputs: inputs)
      case .subPixel: OneDNNArrangement(blockedOuts: outs, taps: taps, inputs: inputs, isBFloat16: false)
      case .direct, .winograd, .kn2row: OneDNNArrangement(tiledOuts: outs, taps: taps, inputs: inputs)
      }
    let copies: any ComputeCopies
    if case .winograd(let tile) = form.forward {
      copies = WinogradCopies(shape, tile: tile, threads: threadCount)
    } else {
      func panels(isForward: Bool) -> OneDNNArrangement {
        OneDNNArrangement(
          panelsOfOuts: outs, taps: taps, inputs: inputs, isForward: isForward, isBFloat16: isBFloat16)
      }
      let backwardData: OneDNNArrangement? =
        switch form.sourceGradient {
        case .im2col: try im2ColChoice(shape)
        case .kn2row: panels(isForward: false)
        case .library, .winograd, .subPixel, .direct: try libraryChoice(shape, .backwardData)
        }
      guard let backwardData else { return nil }
      let forward =
        switch form.forward {
        case .kn2row: panels(isForward: true)
        case .subPixel: OneDNNArrangement(blockedOuts: outs, taps: taps, inputs: inputs, isBFloat16: isBFloat16)
        case .library, .im2col, .winograd, .direct: try libraryChoice(shape, .forward)
        }
      copies = ReorderedWeights(
        of: master, forward: forward, backwardData: backwardData, isBFloat16: isBFloat16, threads: threadCount)
    }
    return OneDNNWeightLayout(
      form: form, master: master, copies: copies, isTransposed: shape.transposed != 0,
      threads: threadCount)
  }

  private func libraryChoice(
    _ shape: conednn_convolution, _ direction: OneDNNPrimitive.Direction
  ) throws -> OneDNNArrangement {
    let primitive = try OneDNNPrimitive.convolution(shape, direction, threads: threadCount, weights: nil)
    return try OneDNNArrangement(convolution: primitive.weightsDescriptor())
  }

  private func im2ColChoice(_ shape: conednn_convolution) throws -> OneDNNArrangement? {
    let primitive = try OneDNNPrimitive.product(.sourceGradient(shape), threads: threadCount, weights: nil)
    return try OneDNNArrangement(product: primitive.weightsDescriptor(), inputs: Int(shape.source_channels))
  }

  package func operation(
    for convolution: Convolution, source: ActivationShape, layout: any WeightLayout, purpose: OperationPurpose
  ) throws -> any WeightedOperation {
    precondition(!(convolution.rectified && convolution.accumulating))
    return try OneDNNWeightedOperation(
      convolution.libraryShape(source: source, isBFloat16: isBFloat16, isInference: purpose == .inference),
      layout: own(layout), purpose: purpose, threads: threadCount, biasIsFixed: convolution.biasIsFixed)
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

  package func maxPool(
    _ window: MaxPoolWindow, source: ActivationShape, purpose: OperationPurpose
  ) throws -> any MaxPoolOperation {
    window == .two
      ? OneDNNMaxPool(source: source, isBFloat16: isBFloat16, threads: threadCount)
      : OverlappingMaxPool(source: source, backend: self)
  }
}
