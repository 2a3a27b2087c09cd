/// What is exchanged at once: a piece of every owner's slice, so that all links carry messages in both directions.
struct Bucket: Equatable {
  /// Of each owner; may be empty.
  let pieces: [Range<Int>]

  /// The first element that has to be complete.
  var start: Int { pieces.filter { !$0.isEmpty }.map(\.lowerBound).min() ?? 0 }

  /// Cuts all slices into pieces, each slice from its end to its start, the order in which a backward pass completes it.
  ///
  /// - Parameter length: elements of a bucket.
  static func all(_ layout: ChunkedRange, owners: Int, length: Int) -> [Bucket] {
    let slices = (0..<owners).map { layout.slice(ofOwner: $0, of: owners) }
    let piece = max(1, length / owners)
    let count = slices.map { ($0.count + piece - 1) / piece }.max() ?? 0
    return (0..<count).map { number in
      Bucket(
        pieces: slices.map { slice in
          let end = max(slice.lowerBound, slice.upperBound - number * piece)
          return max(slice.lowerBound, end - piece)..<end
        })
    }
  }
}
