/// The arena cut into chunks of fixed size, and the chunks into the trainers' slices. Norms and digests are taken per
/// chunk, so that they do not depend on who computed which.
package struct ChunkedRange: Equatable, Sendable {
  package static let chunkLength = 65_536

  package let count: Int

  package init(count: Int) { self.count = count }

  package var chunkCount: Int { (count + Self.chunkLength - 1) / Self.chunkLength }

  /// The elements of chunk `index`.
  package func chunk(_ index: Int) -> Range<Int> {
    (index * Self.chunkLength)..<min(count, (index + 1) * Self.chunkLength)
  }

  /// The chunks that `owner` of `owners` sums and updates: contiguous, as even as they can be.
  package func chunks(ofOwner owner: Int, of owners: Int) -> Range<Int> {
    (chunkCount * owner / owners)..<(chunkCount * (owner + 1) / owners)
  }

  /// The elements that an owner sums and updates.
  package func slice(ofOwner owner: Int, of owners: Int) -> Range<Int> {
    let chunks = chunks(ofOwner: owner, of: owners)
    return min(count, chunks.lowerBound * Self.chunkLength)..<min(count, chunks.upperBound * Self.chunkLength)
  }
}
