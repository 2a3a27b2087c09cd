/// Places buffers in one piece of memory so that buffers never needed at the same time share it.
package struct BufferPlanner {
  /// A buffer of a plan.
  package struct Buffer: Hashable, Sendable {
    fileprivate let index: Int
  }

  private struct Request {
    var byteCount: Int
    /// From the first to the last instruction that touches it; nil until one does.
    var lifetime: ClosedRange<Int>?
  }

  /// Cache lines, and the widest vectors.
  private static let alignment = 64

  private var requests: [Request] = []

  package init() {}

  /// A buffer that is in use from now until `release`.
  package mutating func makeBuffer(byteCount: Int) -> Buffer {
    requests.append(Request(byteCount: byteCount, lifetime: nil))
    return Buffer(index: requests.count - 1)
  }

  /// Notes that the instruction at `position` reads or writes the buffer.
  package mutating func touch(_ buffer: Buffer, at position: Int) {
    guard let lifetime = requests[buffer.index].lifetime else {
      requests[buffer.index].lifetime = position...position
      return
    }
    requests[buffer.index].lifetime = min(lifetime.lowerBound, position)...max(lifetime.upperBound, position)
  }

  /// Where each buffer starts, and how much memory they need together.
  package struct Placement {
    fileprivate var offsets: [Int]
    package fileprivate(set) var byteCount: Int
    /// Where `buffer` lies in the arena, in bytes.
    package func offset(of buffer: Buffer) -> Int { offsets[buffer.index] }
  }

  /// Largest first, each at the lowest place that is free through its lifetime.
  package func place() -> Placement {
    var placement = Placement(offsets: [Int](repeating: 0, count: requests.count), byteCount: 0)
    var placed: [(bytes: Range<Int>, lifetime: ClosedRange<Int>)] = []
    let order = requests.indices.sorted {
      (requests[$1].byteCount, $0) < (requests[$0].byteCount, $1)
    }
    for index in order {
      guard let lifetime = requests[index].lifetime else { continue }
      let size = (requests[index].byteCount + Self.alignment - 1) / Self.alignment * Self.alignment
      var offset = 0
      for other in placed where other.lifetime.overlaps(lifetime) {
        if offset + size <= other.bytes.lowerBound { break }
        offset = max(offset, other.bytes.upperBound)
      }
      placement.offsets[index] = offset
      placement.byteCount = max(placement.byteCount, offset + size)
      let position = placed.firstIndex { $0.bytes.lowerBound > offset } ?? placed.endIndex
      placed.insert((offset..<offset + size, lifetime), at: position)
    }
    return placement
  }
}
