import Basics
import COneDNN

/// The library's description of a tensor's layout.
final class OneDNNDescriptor {
  let handle: conednn_descriptor

  fileprivate init(_ handle: conednn_descriptor) { self.handle = handle }
  deinit { conednn_descriptor_destroy(handle) }

  var byteCount: Int { Int(conednn_descriptor_size(handle)) }

  func blocking() throws -> conednn_blocking {
    var result = conednn_blocking()
    try OneDNNLibrary.check(conednn_descriptor_blocking(handle, &result), "a layout")
    return result
  }
}

/// One of the library's primitives with its tensors' descriptions.
final class OneDNNPrimitive {
  private let handle: conednn_operation

  private init(_ handle: conednn_operation) { self.handle = handle }
  deinit { conednn_operation_destroy(handle) }

  enum Direction: Int32 {
    case forward = 0
    case backwardData = 1
    case backwardWeights = 2
  }

  /// - Parameter weights: the layout of the weights (or of their gradient); nil lets the library choose.
  static func convolution(
    _ shape: conednn_convolution, _ direction: Direction, threads: Int, weights: OneDNNDescriptor?
  ) throws -> OneDNNPrimitive {
    var shape = shape
    return try make("a convolution's \(direction)") {
      conednn_convolution_create(&shape, direction.rawValue, Int32(threads), weights?.handle, $0)
    }
  }

  static func product(_ shape: conednn_product, threads: Int, weights: OneDNNDescriptor?) throws -> OneDNNPrimitive {
    var shape = shape
    return try make("a matrix product") { conednn_product_create(&shape, Int32(threads), weights?.handle, $0) }
  }

  static func reorder(from: OneDNNDescriptor, to: OneDNNDescriptor, threads: Int) throws -> OneDNNPrimitive {
    try make("a reorder") { conednn_reorder_create(from.handle, to.handle, Int32(threads), $0) }
  }

  private static func make(
    _ what: String, _ create: (UnsafeMutablePointer<conednn_operation?>) -> Int32
  ) throws -> OneDNNPrimitive {
    var handle: conednn_operation?
    try OneDNNLibrary.check(create(&handle), what)
    guard let handle else { throw Failure(.internalError, "oneDNN made no \(what)") }
    return OneDNNPrimitive(handle)
  }

  func weightsDescriptor() throws -> OneDNNDescriptor {
    var result: conednn_descriptor?
    try OneDNNLibrary.check(conednn_operation_weights(handle, &result), "a layout")
    guard let result else { throw Failure(.internalError, "oneDNN described no layout") }
    return OneDNNDescriptor(result)
  }

  /// Bytes past what the library asks for: its kernels have been seen to reach a little beyond their scratch memory.
  private static let scratchSlack = 64 << 10

  var scratchByteCount: Int { Int(conednn_operation_scratch_size(handle)) + Self.scratchSlack }
  var implementation: String { String(cString: conednn_operation_implementation(handle)) }

  /// The library's plain fallbacks: correct, and far from the processor's speed.
  var isSlow: Bool {
    let name = implementation
    return name.hasPrefix("ref") || name.contains(":ref") || name.contains("gemm")
  }

  /// Roles as in `conednn_operation_execute`; those that the primitive does not have are ignored.
  func run(
    source: UnsafeRawPointer?, weights: UnsafeRawPointer?, bias: UnsafeRawPointer? = nil,
    destination: UnsafeRawPointer?, scratch: UnsafeMutableRawPointer
  ) {
    OneDNNLibrary.mustSucceed(
      conednn_operation_execute(
        handle, UnsafeMutableRawPointer(mutating: source), UnsafeMutableRawPointer(mutating: weights),
        UnsafeMutableRawPointer(mutating: bias), UnsafeMutableRawPointer(mutating: destination), scratch))
  }
}
