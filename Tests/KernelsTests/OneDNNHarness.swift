import Basics
import Kernels
import Testing

/// All tests of the oneDNN backend, one after another: each wants the cores.
@Suite(
  .serialized,
  .enabled(if: OneDNNBackend.unavailabilityReason == nil, "oneDNN can't be used here: launch/setup installs it"))
struct OneDNNTests {
  /// float32, and bfloat16 where this processor has it.
  static let precisions = Precision.allCases.filter { OneDNNBackend.supports($0) }
  static let hasBFloat16 = precisions.contains(.bfloat16)

  @Test(
    "bfloat16 is tested too",
    .enabled(if: hasBFloat16, "this processor has no bfloat16 in oneDNN: all tests of this suite run in float32 only"))
  func bfloat16IsTested() {}
}

/// Runs one operation of any backend on plain float arrays, with everything that an operation must overwrite poisoned.
struct OperationHarness {
  let backend: any Backend
  let operation: any WeightedOperation
  let layout: any WeightLayout
  private let scratch: GuardedMemory
  private let prepared: GuardedMemory
  private let destinationType: ElementType

  init(
    _ backend: any Backend, _ convolution: Convolution, source: ActivationShape, reference: ActivationShape? = nil,
    purpose: OperationPurpose = .training
  ) throws {
    let layout = try backend.layout(of: convolution, reference: reference ?? source)
    try self.init(
      backend, layout: layout, destinationType: backend.activationType,
      operation: backend.operation(for: convolution, source: source, layout: layout, purpose: purpose))
  }

  init(
    _ backend: any Backend, _ deconvolution: Deconvolution, source: ActivationShape, reference: ActivationShape? = nil,
    purpose: OperationPurpose = .training
  ) throws {
    let layout = try backend.layout(of: deconvolution, reference: reference ?? source)
    try self.init(
      backend, layout: layout, destinationType: deconvolution.floatDestination ? .float32 : backend.activationType,
      operation: backend.operation(for: deconvolution, source: source, layout: layout, purpose: purpose))
  }

  private init(
    _ backend: any Backend, layout: any WeightLayout, destinationType: ElementType,
    operation: any WeightedOperation
  ) throws {
    self.backend = backend
    self.layout = layout
    self.operation = operation
    self.destinationType = destinationType
    scratch = try GuardedMemory(byteCount: max(operation.scratchByteCount, layout.preparationScratchByteCount))
    prepared = try GuardedMemory(byteCount: layout.preparedByteCount)
  }

  private func withWeights<R>(_ canonical: [Float], _ bias: [Float]?, _ body: (LayerWeights) throws -> R) throws -> R {
    let master = try GuardedMemory(byteCount: 4 * layout.count)
    layout.importCanonical(canonical, into: master.floats)
    // In two parts, as two ranks of a machine would.
    let middle = layout.preparationPieces / 2
    for pieces in [middle..<layout.preparationPieces, 0..<middle] {
      layout.prepare(master.floats, into: prepared.base, pieces: pieces, scratch: scratch.base)
    }
    return try (bias ?? [0]).withUnsafeBufferPointer { values in
      try body(
        LayerWeights(
          master: master.floats, prepared: prepared.base, bias: bias == nil ? nil : values.baseAddress))
    }
  }

  func forward(
    _ source: [Float], weights: [Float], bias: [Float]?, onto destination: [Float]? = nil
  ) throws -> [Float] {
    let input = try Activation(source, backend.activationType)
    let count = operation.destination.count
    let output = try Activation(destination ?? [Float](repeating: .nan, count: count), destinationType)
    try withWeights(weights, bias) { operation.forward(input.base, $0, into: output.base, scratch: scratch.base) }
    return output.values
  }

  func backwardData(_ gradient: [Float], weights: [Float]) throws -> [Float] {
    let input = try Activation(gradient, backend.activationType)
    let output = try Activation([Float](repeating: .nan, count: operation.source.count), backend.activationType)
    try withWeights(weights, nil) { operation.backwardData(input.base, $0, into: output.base, scratch: scratch.base) }
    return output.values
  }

  /// The weight gradient as the layout has it, and in canonical order.
  func backwardWeights(
    _ source: [Float], _ gradient: [Float], biasCount: Int
  ) throws -> (raw: [Float], canonical: [Float], bias: [Float]) {
    let input = try Activation(source, backend.activationType)
    let output = try Activation(gradient, backend.activationType)
    let raw = try GuardedMemory(byteCount: 4 * layout.count)
    let bias = try GuardedMemory(byteCount: 4 * biasCount)
    operation.backwardWeights(
      input.base, output.base, into: raw.floats, biasGradient: biasCount == 0 ? nil : bias.floats,
      scratch: scratch.base)
    var canonical = [Float](repeating: .nan, count: layout.canonicalCount)
    layout.exportCanonical(raw.floats, into: &canonical)
    return (
      Array(UnsafeBufferPointer(start: raw.floats, count: layout.count)), canonical,
      Array(UnsafeBufferPointer(start: bias.floats, count: biasCount))
    )
  }
}

/// An activation in memory of its own, in the backend's type.
struct Activation {
  private let memory: GuardedMemory
  private let count: Int
  let type: ElementType

  init(_ values: [Float], _ type: ElementType) throws {
    count = values.count
    self.type = type
    memory = try GuardedMemory(byteCount: values.count * type.byteCount)
    if type == .float32 {
      memory.floats.update(from: values, count: count)
    } else {
      for (index, value) in values.enumerated() { halves[index] = bfloat16Bits(value) }
    }
  }

  private var halves: UnsafeMutablePointer<UInt16> { memory.base.assumingMemoryBound(to: UInt16.self) }
  var base: UnsafeMutableRawPointer { memory.base }
  var values: [Float] {
    (0..<count).map { type == .float32 ? memory.floats[$0] : Float(bitPattern: UInt32(halves[$0]) << 16) }
  }
}

func bfloat16Bits(_ value: Float) -> UInt16 {
  let bits = value.bitPattern
  if value.isNaN { return UInt16(bits >> 16) | 0x40 }
  return UInt16((bits &+ 0x7FFF &+ ((bits >> 16) & 1)) >> 16)
}

/// Uniform in -1 ... 1; for bfloat16, values that it holds exactly, so that only sums and results are rounded.
func randomValues(_ count: Int, stream: UInt64, _ precision: Precision) -> [Float] {
  var generator = Philox(seed: 21, purpose: .test, stream: stream)
  return (0..<count).map { _ in
    let value = generator.next(in: -1...1)
    return precision == .float32 ? value : Float(bitPattern: UInt32(bfloat16Bits(value)) << 16)
  }
}
