import Basics
import Collectives
import CVector

/// Two arrays far larger than the caches, added up in place: what memory gives to all ranks that stream at once.
///
/// Two reads and one write in place: every byte that moves is counted, unlike with a third array, whose lines the
/// processor reads before it writes them.
package final class MemoryStream {
  private let region: MemoryRegion
  private let count: Int
  private let pool: WorkerPool

  /// What no cache holds: floats of 64 MiB.
  private static let smallestCount = 1 << 24

  /// - Parameter count: floats of each array of this rank; made larger where caches would hold them.
  package init(count wish: Int, pool: WorkerPool) throws {
    let count = max(wish, Self.smallestCount)
    self.count = count
    self.pool = pool
    region = try MemoryRegion(byteCount: 8 * count)
    pool.runRanges(2 * count, grain: 1 << 18) { [region] piece in
      (region.floats() + piece.lowerBound).update(repeating: 0, count: piece.count)
    }
  }

  /// Bytes that one pass moves on this rank.
  package var byteCount: Int { 12 * count }

  /// One pass over the memory: reads two streams and writes one (STREAM's "add").
  package func run() {
    let sum = region.floats()
    pool.runRanges(count, grain: 1 << 18) { piece in
      let start = sum + piece.lowerBound
      cvector_add(start, start + count, start, piece.count)
    }
  }
}
