import Basics
import Collectives
import Exchange

/// What memory a training takes, in bytes.
package struct MemoryUse: Equatable, Sendable {
  /// Of all ranks together, what they share counted once.
  package let total: Int
  /// What a rank has of its own: activations, scratch memory, libraries. Of the largest.
  package let ownOfRank: Int
  /// A rank's gradient buffers, in shared memory. Of the rank with most.
  package let gradientsOfRank: Int

  /// What one more rank on a machine costs.
  package var furtherRank: Int { ownOfRank + gradientsOfRank }

  /// - Important: Collective. Zero where the system does not say.
  init(gradientBufferByteCount: Int, store: BenchmarkStore, over group: any ProcessGroup) throws {
    let memory = ProcessMemory.current()
    // With one rank nothing is in shared memory, and all is its own.
    let isShared = store.machine.count > 1
    let gradients = store.gradientBuffers.count * gradientBufferByteCount
    let own = (memory?.own ?? 0) - (isShared ? 0 : store.store.byteCount)
    var sum = [Double(memory?.proportional ?? 0)]
    try group.allReduce(&sum, .sum)
    var largest = [Double(max(0, own)), Double(gradients)]
    try group.allReduce(&largest, .maximum)
    total = Int(sum[0])
    ownOfRank = Int(largest[0])
    gradientsOfRank = Int(largest[1])
  }
}
