import Basics
import Kernels
import Testing

/// Runs the operations of feature pyramids on plain float arrays, in guarded memory, with what they must overwrite
/// poisoned.
struct PyramidHarness {
  let backend: any Backend

  /// A backend to make.
  struct Setting: Sendable, CustomTestStringConvertible {
    let isOneDNN: Bool
    let precision: Precision
    let threads: Int

    var testDescription: String { "\(isOneDNN ? "onednn" : "portable"), \(precision.rawValue), \(threads) threads" }

    func harness() throws -> PyramidHarness {
      PyramidHarness(
        backend: GuardedBackend(
          isOneDNN
            ? try OneDNNBackend.make(precision: precision, threads: threads)
            : try PortableBackend(precision: precision, threads: threads)))
    }
  }

  /// Every backend that this machine has, in both precisions, with 1 and with 3 threads.
  static let all: [Setting] = [1, 3].flatMap { threads in
    Precision.allCases.map { Setting(isOneDNN: false, precision: $0, threads: threads) }
      + OneDNNTests.precisions.map { Setting(isOneDNN: true, precision: $0, threads: threads) }
  }

  var precision: Precision { backend.precision }
  /// Of one rounding.
  var tolerance: Float { precision == .bfloat16 ? 0x1p-8 : 1e-6 }

  /// Values in the activation type.
  func activation(_ values: [Float]) throws -> GuardedMemory {
    let memory = try GuardedMemory(byteCount: values.count * backend.activationType.byteCount)
    let shape = ActivationShape(images: 1, height: 1, width: 1, channels: values.count)
    backend.load(values, shape: shape, padding: 0, into: memory.base)
    return memory
  }

  func poison(_ count: Int) throws -> GuardedMemory {
    try activation([Float](repeating: .nan, count: count))
  }

  func floats(_ memory: GuardedMemory, _ count: Int) -> [Float] {
    var values = [Float](repeating: .nan, count: count)
    backend.readFloats(memory.base, count: count, into: &values)
    return values
  }

  /// Runs an operation that makes `count` elements of `values`.
  func run(
    _ values: [Float], makes count: Int, _ body: (UnsafeRawPointer, UnsafeMutableRawPointer) -> Void
  ) throws -> [Float] {
    let (source, result) = (try activation(values), try poison(count))
    body(source.base, result.base)
    return floats(result, count)
  }
}
