import Basics
import Synchronization

/// Where the ranks of one machine leave, in memory that all of them see, what each is doing and since when.
///
/// A stopped process cannot say that it is stopped; its neighbours read it here.
final class HeartbeatTable: @unchecked Sendable {
  /// What a rank was doing.
  struct Entry: Sendable {
    var rank: Int
    var processIdentifier: Int
    var step: Int
    var operation: String
    /// Does the operation end only with the help of other ranks?
    var isWaiting: Bool
    /// On `ProcessEnvironment.monotonicSeconds`.
    var time: Double
    /// False where the rank is not under watch now.
    var isActive: Bool
    /// Seconds of silence that are allowed.
    var timeout: Double
  }

  private static let entryByteCount = 256
  /// The operation's name: words too, eight bytes in each.
  private static let nameWords = 8..<24
  /// Seconds: thirty years, which fit as nanoseconds into a word.
  private static let longestTimeout = 1e9

  let count: Int
  private let memory: MemoryRegion

  /// - Parameter memory: zero at first, `byteCount(ranks:)` bytes of it, shared by the machine's ranks.
  init(memory: MemoryRegion, count: Int) {
    self.memory = memory
    self.count = count
  }

  static func byteCount(ranks: Int) -> Int { (ranks + 1) * entryByteCount }

  private func word(_ entry: Int, _ index: Int) -> UnsafeMutablePointer<Atomic<Int64>> {
    (memory.base + entry * Self.entryByteCount + index * 8).assumingMemoryBound(to: Atomic<Int64>.self)
  }

  /// Rank `position` of the machine says what it does. Cheap: a few stores.
  func post(_ entry: Entry, at position: Int) {
    var name = [Int64](repeating: 0, count: Self.nameWords.count)
    name.withUnsafeMutableBytes { $0.copyBytes(from: entry.operation.utf8.prefix($0.count)) }
    for (index, value) in zip(Self.nameWords, name) {
      word(position + 1, index).pointee.store(value, ordering: .relaxed)
    }
    let words = [
      Int64(entry.rank), Int64(entry.processIdentifier), Int64(entry.step), entry.isWaiting ? 1 : 0,
      Int64(entry.time * 1e9), entry.isActive ? 1 : 0, Int64(min(entry.timeout, Self.longestTimeout) * 1e9),
    ]
    for (index, value) in words.enumerated() { word(position + 1, index).pointee.store(value, ordering: .releasing) }
  }

  /// What rank `position` of the machine posted last. A read may mix two posts; fine for messages.
  func entry(at position: Int) -> Entry {
    let words = (0..<7).map { word(position + 1, $0).pointee.load(ordering: .acquiring) }
    let name = Self.nameWords.map { word(position + 1, $0).pointee.load(ordering: .relaxed) }
    let bytes = name.withUnsafeBytes { Array($0.prefix { $0 != 0 }) }
    return Entry(
      rank: Int(words[0]), processIdentifier: Int(words[1]), step: Int(words[2]),
      operation: String(decoding: bytes, as: UTF8.self), isWaiting: words[3] != 0, time: Double(words[4]) * 1e-9,
      isActive: words[5] != 0, timeout: Double(words[6]) * 1e-9)
  }

  /// What all ranks of the machine said last.
  var entries: [Entry] { (0..<count).map { entry(at: $0) } }

  /// The rank of this machine that stops the others, as it stands at `now`, once one of them is late: a rank whose
  /// process is stopped, dead or gone, else the one that has been silent for longest in its own work.
  ///
  /// - Parameter visible: processes that could be seen when the watch began. Of others nothing follows from their being
  ///   invisible: a container may hide them.
  func stalledRank(at now: Double, visible: Set<Int>) -> Entry? {
    let entries = entries
    let late = entries.filter { $0.isActive && now - $0.time > $0.timeout }
    if late.isEmpty { return nil }
    let halted = entries.first {
      switch ProcessState.text(of: $0.processIdentifier) {
      case ProcessState.stopped, ProcessState.dead: true
      case ProcessState.gone: $0.isActive && visible.contains($0.processIdentifier)
      default: false
      }
    }
    return halted ?? late.filter { !$0.isWaiting }.min { $0.time < $1.time }
  }

  /// The processes of this machine's ranks that this process can see.
  var visibleProcesses: Set<Int> {
    Set(entries.map(\.processIdentifier).filter { ProcessState.text(of: $0) != ProcessState.gone })
  }

  /// Do all ranks of this machine only wait, each for more than `factor` times as long as it should?
  func allRanksWait(at now: Double, factor: Double) -> Bool {
    let active = entries.filter(\.isActive)
    return !active.isEmpty && active.allSatisfy { $0.isWaiting && now - $0.time > factor * $0.timeout }
  }

  /// Some rank of the machine has found the job stalled.
  var hasReport: Bool { word(0, 0).pointee.load(ordering: .acquiring) != 0 }

  /// - Returns: true for the first caller on this machine, which is the one to report.
  func claimReport() -> Bool { word(0, 0).pointee.exchange(1, ordering: .acquiringAndReleasing) == 0 }
}
