import CVector

/// How a trainer adds up the gradients of its micro-batches.
package struct Accumulation: Equatable, Sendable {
  /// A micro-batch, the buffer for its gradient, and what is done when it is complete.
  package struct Step: Equatable, Sendable {
    package let microBatch: Int
    /// Where the micro-batch's gradient is written.
    package let buffer: Int
    /// What follows, in this order.
    package let operations: [Operation]
  }

  /// What is done with gradient buffers.
  package enum Operation: Equatable, Sendable {
    /// buffer[b - 1] += buffer[b].
    case add(Int)
    /// Every element of buffer[b] to the nearest bfloat16.
    case round(Int)

    /// Carries the operation out on the elements of `range`.
    package func apply(to buffers: [UnsafeMutablePointer<Float>], _ range: Range<Int>) {
      switch self {
      case .add(let b):
        let (destination, source) = (buffers[b - 1] + range.lowerBound, buffers[b] + range.lowerBound)
        cvector_add(destination, source, destination, range.count)
      case .round(let b): cvector_round_to_bfloat16(buffers[b] + range.lowerBound, range.count)
      }
    }
  }

  package let steps: [Step]
  package let bufferCount: Int
  /// The tree nodes left at the end; node i is in buffer i.
  package let results: [SummationTree.Node]
}
