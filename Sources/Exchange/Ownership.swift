/// Which trainer sums and updates which parameters.
///
/// The arena is cut into stripes of a bucket's length, and every stripe into one part for each trainer. A backward pass
/// completes the arena from its end to its start: whenever it has completed a stripe, every owner has a part whose
/// exchange may begin, however many owners there are.
package struct Ownership: Equatable, Sendable {
  package let layout: ChunkedRange
  package let owners: Int
  /// [stripe][owner]: contiguous chunks. Stripes from the arena's end to its start.
  private let stripes: [[Range<Int>]]

  /// - Parameters:
  ///   - count: parameters of the arena.
  ///   - owners: trainers.
  ///   - bucketLength: parameters that are exchanged at once (`distributed.bucket`).
  package init(count: Int, owners: Int, bucketLength: Int) {
    let layout = ChunkedRange(count: count)
    self.layout = layout
    self.owners = owners
    // At least a chunk for each owner, and the same number for each but in the last stripe.
    let length = max(1, bucketLength / ChunkedRange.chunkLength / owners) * owners
    stripes = stride(from: layout.chunkCount, to: 0, by: -length).map { end in
      let start = max(0, end - length)
      return (0..<owners).map { owner in
        (start + (end - start) * owner / owners)..<(start + (end - start) * (owner + 1) / owners)
      }
    }
  }

  /// The elements of each stripe that each owner has: [stripe][owner], stripes from the arena's end to its start. May be
  /// empty.
  var parts: [[Range<Int>]] { stripes.map { $0.map { layout.elements(ofChunks: $0) } } }

  /// The chunks of `owner`, ascending.
  package func chunks(of owner: Int) -> [Int] { stripes.reversed().flatMap { $0[owner] } }

  /// The elements of `owner` as ranges that are not empty, ascending.
  package func slices(of owner: Int) -> [Range<Int>] {
    stripes.reversed().map { layout.elements(ofChunks: $0[owner]) }.filter { !$0.isEmpty }
  }

  /// Who sums and updates chunk `index`.
  package func owner(ofChunk index: Int) -> Int {
    for parts in stripes { if let owner = parts.firstIndex(where: { $0.contains(index) }) { return owner } }
    preconditionFailure("chunk \(index) of \(layout.chunkCount)")
  }
}
