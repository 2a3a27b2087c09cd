/// What is exchanged at once: a piece of every owner's part of a stripe, so that all links carry messages in both
/// directions.
struct Bucket: Equatable {
  /// Of each owner; may be empty.
  let pieces: [Range<Int>]

  /// The first element that has to be complete.
  var start: Int { pieces.filter { !$0.isEmpty }.map(\.lowerBound).min() ?? 0 }

  /// Cuts all stripes into buckets, each part from its end to its start, the order in which a backward pass completes it.
  ///
  /// - Parameter length: elements of a bucket.
  static func all(_ ownership: Ownership, length: Int) -> [Bucket] {
    let piece = max(1, length / ownership.owners)
    return ownership.parts.flatMap { parts in
      let count = parts.map { ($0.count + piece - 1) / piece }.max() ?? 0
      return (0..<count).map { number in
        Bucket(
          pieces: parts.map { part in
            let end = max(part.lowerBound, part.upperBound - number * piece)
            return max(part.lowerBound, end - piece)..<end
          })
      }
    }
  }
}
