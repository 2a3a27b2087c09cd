import Basics
import Kernels

/// Runs one operation of a float32-activation backend on plain arrays.
struct PortableHarness {
  let backend: PortableBackend
  let operation: any WeightedOperation
  let layout: any WeightLayout
  private let scratch: MemoryRegion
  private let prepared: MemoryRegion

  init(_ backend: PortableBackend, _ convolution: Convolution, source: ActivationShape) throws {
    let layout = try backend.layout(of: convolution, reference: source)
    try self.init(
      backend, layout: layout,
      operation: backend.operation(for: convolution, source: source, layout: layout, purpose: .training))
  }

  init(_ backend: PortableBackend, _ deconvolution: Deconvolution, source: ActivationShape) throws {
    let layout = try backend.layout(of: deconvolution, reference: source)
    try self.init(
      backend, layout: layout,
      operation: backend.operation(for: deconvolution, source: source, layout: layout, purpose: .training))
  }

  private init(_ backend: PortableBackend, layout: any WeightLayout, operation: any WeightedOperation) throws {
    self.backend = backend
    self.layout = layout
    self.operation = operation
    scratch = try MemoryRegion(byteCount: max(operation.scratchByteCount, layout.preparationScratchByteCount))
    prepared = try MemoryRegion(byteCount: max(1, layout.preparedByteCount))
  }

  /// What the padding and every element that an operation must overwrite are set to before.
  private static let poison = Float.nan

  private func withWeights<R>(_ canonical: [Float], _ bias: [Float]?, _ body: (LayerWeights) -> R) -> R {
    var master = [Float](repeating: Self.poison, count: layout.count)
    layout.importCanonical(canonical, into: &master)
    // In two parts, as two ranks of a machine would.
    let middle = layout.preparationPieces / 2
    for pieces in [0..<middle, middle..<layout.preparationPieces] {
      layout.prepare(master, into: prepared.base, pieces: pieces, scratch: scratch.base)
    }
    return master.withUnsafeBufferPointer { master in
      (bias ?? []).withUnsafeBufferPointer { bias in
        body(
          LayerWeights(
            master: master.baseAddress!, prepared: prepared.base, bias: bias.isEmpty ? nil : bias.baseAddress!))
      }
    }
  }

  func forward(_ source: [Float], weights: [Float], bias: [Float]?, onto destination: [Float]? = nil) -> [Float] {
    var result = destination ?? [Float](repeating: Self.poison, count: operation.destination.count)
    withWeights(weights, bias) { operation.forward(source, $0, into: &result, scratch: scratch.base) }
    return result
  }

  func backwardData(_ gradient: [Float], weights: [Float]) -> [Float] {
    var result = [Float](repeating: Self.poison, count: operation.source.count)
    withWeights(weights, nil) { operation.backwardData(gradient, $0, into: &result, scratch: scratch.base) }
    return result
  }

  func backwardWeights(_ source: [Float], _ gradient: [Float], biasCount: Int) -> (weights: [Float], bias: [Float]) {
    var weights = [Float](repeating: Self.poison, count: layout.count)
    var bias = [Float](repeating: Self.poison, count: biasCount)
    bias.withUnsafeMutableBufferPointer { bias in
      operation.backwardWeights(
        source, gradient, into: &weights, biasGradient: bias.isEmpty ? nil : bias.baseAddress!, scratch: scratch.base)
    }
    var canonical = [Float](repeating: Self.poison, count: layout.canonicalCount)
    layout.exportCanonical(weights, into: &canonical)
    return (canonical, bias)
  }
}

/// Uniform in -1 ... 1.
func portableRandom(_ count: Int, stream: UInt64) -> [Float] {
  var generator = Philox(seed: 7, purpose: .test, stream: stream)
  return (0..<count).map { _ in generator.next(in: -1...1) }
}

func dot(_ a: [Float], _ b: [Float]) -> Double { zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) } }

func largestDifference(_ a: [Float], _ b: [Float]) -> Float {
  zip(a, b).reduce(0) { $1.0.isNaN || $1.1.isNaN ? .infinity : max($0, abs($1.0 - $1.1)) }
}

/// Compares `gradient` with central differences of `objective` at up to 40 elements of `point`.
///
/// - Returns: a description of the worst element when it is off by more than `tolerance` of the largest gradient.
func gradientDisagreement(
  at point: [Float], gradient: [Float], step: Float, tolerance: Double, objective: ([Float]) -> Double
) -> String? {
  let scale = Double(gradient.map(abs).max() ?? 0) + 1e-6
  var generator = Philox(seed: 11, purpose: .test, stream: UInt64(point.count))
  for trial in 0..<min(40, point.count) {
    let index = point.count <= 40 ? trial : Int(generator.next(below: UInt32(point.count)))
    var moved = point
    moved[index] = point[index] + step
    let above = objective(moved)
    moved[index] = point[index] - step
    let numeric = (above - objective(moved)) / (2 * Double(step))
    if abs(numeric - Double(gradient[index])) > tolerance * scale || gradient[index].isNaN {
      return "element \(index): difference quotient \(numeric), gradient \(gradient[index]), scale \(scale)"
    }
  }
  return nil
}
