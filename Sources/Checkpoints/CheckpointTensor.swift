import Basics

/// Where the values of a tensor come from: a file, an arena, an array.
package protocol TensorSource {
  /// Hands out all values in C order, in one piece or in several that follow each other.
  ///
  /// The pieces of a damaged file are found to be wrong after the last of them, at the latest.
  func forEachPiece(_ body: (UnsafeBufferPointer<Float>) throws -> Void) throws
}

/// A named tensor of a checkpoint whose values are fetched when they are needed: a full FCN-8s with its momentum takes
/// more than a gigabyte.
package struct CheckpointTensor {
  /// "conv1_1/weight".
  package let name: String
  package let shape: [Int]
  package let count: Int
  package let source: any TensorSource

  package init(name: String, shape: [Int], source: any TensorSource) {
    self.name = name
    self.shape = shape
    self.source = source
    count = shape.reduce(1, *)
  }

  package init(name: String, shape: [Int], values: [Float]) {
    self.init(name: name, shape: shape, source: ArraySource(values: values))
  }

  /// - Parameter fill: writes all values into a buffer of the tensor's size.
  package init(name: String, shape: [Int], fill: @escaping (UnsafeMutableBufferPointer<Float>) throws -> Void) {
    self.init(name: name, shape: shape, source: FillSource(count: shape.reduce(1, *), fill: fill))
  }

  /// - Parameter borrow: calls its argument with memory that holds all values for as long as the call lasts.
  package init(
    name: String, shape: [Int], borrow: @escaping ((UnsafeBufferPointer<Float>) throws -> Void) throws -> Void
  ) {
    self.init(name: name, shape: shape, source: BorrowSource(borrow: borrow))
  }

  /// All values, in C order.
  ///
  /// - Throws: `Failure(.badData)` where a checksum does not hold.
  package func values() throws -> [Float] {
    try [Float](unsafeUninitializedCapacity: count) { buffer, filled in
      try read(into: UnsafeMutableBufferPointer(start: buffer.baseAddress, count: count))
      filled = count
    }
  }

  /// Fetches all values into `buffer`, which has room for exactly `count`.
  package func read(into buffer: UnsafeMutableBufferPointer<Float>) throws {
    guard buffer.count == count else { throw wrongCount(buffer.count) }
    try forEachPiece { piece, offset in
      guard let base = buffer.baseAddress, let values = piece.baseAddress else { return }
      (base + offset).update(from: values, count: piece.count)
    }
  }

  /// Calls `body` once with all values.
  package func withValues(_ body: (UnsafeBufferPointer<Float>) throws -> Void) throws {
    var buffer: UnsafeMutableBufferPointer<Float>?
    defer { buffer?.deallocate() }
    var isDone = false
    try forEachPiece { piece, offset in
      if piece.count == count {
        try body(piece)
        isDone = true
        return
      }
      let target = buffer ?? .allocate(capacity: count)
      buffer = target
      _ = UnsafeMutableBufferPointer(rebasing: target[offset..<offset + piece.count]).update(fromContentsOf: piece)
    }
    if !isDone { try body(UnsafeBufferPointer(buffer ?? UnsafeMutableBufferPointer(start: nil, count: 0))) }
  }

  /// Calls `body` with each piece and the place of its first value, and checks that they make up the whole tensor.
  func forEachPiece(_ body: (UnsafeBufferPointer<Float>, Int) throws -> Void) throws {
    var offset = 0
    try source.forEachPiece { piece in
      guard piece.count <= count - offset else { throw wrongCount(offset + piece.count) }
      try body(piece, offset)
      offset += piece.count
    }
    guard offset == count else { throw wrongCount(offset) }
  }

  private func wrongCount(_ found: Int) -> Failure {
    Failure(.internalError, "tensor \(name) of \(shape) has \(count) values, not \(found)")
  }
}

private struct ArraySource: TensorSource {
  let values: [Float]

  func forEachPiece(_ body: (UnsafeBufferPointer<Float>) throws -> Void) throws {
    try values.withUnsafeBufferPointer(body)
  }
}

private struct FillSource: TensorSource {
  let count: Int
  let fill: (UnsafeMutableBufferPointer<Float>) throws -> Void

  func forEachPiece(_ body: (UnsafeBufferPointer<Float>) throws -> Void) throws {
    let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
    defer { buffer.deallocate() }
    buffer.initialize(repeating: 0)
    try fill(buffer)
    try body(UnsafeBufferPointer(buffer))
  }
}

private struct BorrowSource: TensorSource {
  let borrow: ((UnsafeBufferPointer<Float>) throws -> Void) throws -> Void

  func forEachPiece(_ body: (UnsafeBufferPointer<Float>) throws -> Void) throws { try borrow(body) }
}
