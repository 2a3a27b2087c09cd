import Basics
import Collectives
import SegmentationData
import Training

/// What a step does for safety alone: its signs of life, the checksums of its samples, the digests over the parameters
/// and the optimizer's state.
package final class SafetyMeasures {
  private let memoryGuard: MemoryGuard
  private let watchdog: Watchdog
  /// As a dataset stores them: a byte for each value.
  private let bytes: [UInt8]
  /// Seconds of the digests and of the checksums in the step at hand.
  private(set) var digestSeconds = 0.0
  private(set) var checksumSeconds = 0.0
  private(set) var heartbeatSeconds = 0.0
  private var sum: UInt32 = 0

  /// - Parameters:
  ///   - sampleByteCount: of this rank's samples of a step.
  ///   - folder: of all ranks, for the watchdog's files.
  /// - Important: Collective over `group`.
  init(_ parts: BenchmarkStore, sampleByteCount: Int, folder: String) throws {
    memoryGuard = MemoryGuard(exchange: parts.exchange, group: parts.group, rank: parts.group.rank, pool: parts.pool)
    watchdog = try Watchdog(group: parts.group, folder: folder, settings: Watchdog.Settings())
    bytes = [UInt8](repeating: 1, count: sampleByteCount)
  }

  func startCounting() {
    (digestSeconds, checksumSeconds, heartbeatSeconds) = (0, 0, 0)
  }

  func heartbeat(_ operation: String, step: Int, isWaiting: Bool = false) {
    Stopwatch.time(&heartbeatSeconds) { watchdog.heartbeat(operation, step: step, isWaiting: isWaiting) }
  }

  /// In a training the loader's thread does it, beside the computation; here the step pays for it.
  func checkSamples() { Stopwatch.time(&checksumSeconds) { sum ^= CRC32C.checksum(bytes) } }

  func verify(step: Int) throws { try Stopwatch.time(&digestSeconds) { try memoryGuard.verify(step: step) } }
  func seal() { Stopwatch.time(&digestSeconds) { memoryGuard.seal() } }

  /// Ends the watchdog.
  package func stop() { watchdog.stop() }
}
