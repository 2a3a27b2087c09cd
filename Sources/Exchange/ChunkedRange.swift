/// The arena cut into chunks of fixed size. Norms and digests are taken per chunk, so that they do not depend on who
/// computed which.
package struct ChunkedRange: Equatable, Sendable {
  package static let chunkLength = 65_536

  package let count: Int

  package init(count: Int) { self.count = count }

  package var chunkCount: Int { (count + Self.chunkLength - 1) / Self.chunkLength }

  /// The elements of chunk `index`.
  package func chunk(_ index: Int) -> Range<Int> {
    (index * Self.chunkLength)..<min(count, (index + 1) * Self.chunkLength)
  }

  /// The elements of contiguous chunks.
  package func elements(ofChunks chunks: Range<Int>) -> Range<Int> {
    min(count, chunks.lowerBound * Self.chunkLength)..<min(count, chunks.upperBound * Self.chunkLength)
  }

  /// All chunks in `parts` contiguous parts, as even as they can be.
  package func chunks(ofPart part: Int, of parts: Int) -> Range<Int> {
    (chunkCount * part / parts)..<(chunkCount * (part + 1) / parts)
  }
}
