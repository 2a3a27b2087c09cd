/// The order of scores: descending, of equal ones the earlier first, what is no number last. A total order, so that
/// neither a library nor a rank decides.
package enum Ranking {
  /// Ascending keys are descending scores, and then ascending indices.
  @inline(__always)
  private static func key(_ score: Float, _ index: Int) -> UInt64 {
    // Zero has one order, whatever its sign.
    let bits = (score + 0).bitPattern
    let ascending = score.isNaN ? 0 : bits & 0x8000_0000 == 0 ? bits | 0x8000_0000 : ~bits
    return UInt64(~ascending) << 32 | UInt64(UInt32(index))
  }

  /// The indices of the best `count` scores, best first.
  package static func best(_ count: Int, of scores: UnsafeBufferPointer<Float>) -> [Int] {
    let keys = scores.indices.map { key(scores[$0], $0) }
    guard count < keys.count else { return keys.sorted().map { Int($0 & 0xFFFF_FFFF) } }
    // Only what shares its upper bits with the last one taken, or comes before, has to be sorted.
    var histogram = [Int](repeating: 0, count: 1 << 16)
    for key in keys { histogram[Int(key >> 48)] += 1 }
    var (bucket, total) = (0, histogram[0])
    while total < count {
      bucket += 1
      total += histogram[bucket]
    }
    return keys.filter { Int($0 >> 48) <= bucket }.sorted().prefix(count).map { Int($0 & 0xFFFF_FFFF) }
  }

  /// All indices, best first.
  package static func descending(_ scores: [Float]) -> [Int] {
    scores.withUnsafeBufferPointer { best($0.count, of: $0) }
  }
}
