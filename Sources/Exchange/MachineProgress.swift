import Basics
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// How many buckets each trainer of a machine has completed since the start, in memory that all of them see: a barrier
/// that costs no message, and no processor while it waits.
struct MachineProgress {
  private static let stride = 64
  private let base: UnsafeMutableRawPointer
  private let count: Int

  static func byteCount(trainers: Int) -> Int { trainers * stride }

  /// - Parameter base: `byteCount(trainers:)` bytes, zero at first.
  init(base: UnsafeMutableRawPointer, count: Int) {
    self.base = base
    self.count = count
  }

  private func counter(_ local: Int) -> UnsafeMutablePointer<Atomic<Int>> {
    (base + local * Self.stride).assumingMemoryBound(to: Atomic<Int>.self)
  }

  /// Says that trainer `local` has completed `buckets`, and that all it has written before is to be seen.
  func complete(_ buckets: Int, by local: Int) { counter(local).pointee.store(buckets, ordering: .releasing) }

  /// Waits until all trainers have completed `buckets`.
  func wait(for buckets: Int) {
    for local in 0..<count {
      while counter(local).pointee.load(ordering: .acquiring) < buckets { usleep(50) }
    }
  }
}
