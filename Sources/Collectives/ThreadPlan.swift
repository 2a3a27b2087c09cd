import Basics

/// How many threads each rank uses, and why.
package struct ThreadPlan: Sendable {
  package let affinity: Affinity
  /// Ranks on this machine, this one included.
  package let ranksOnMachine: Int
  /// Threads for this rank: what OMP_NUM_THREADS says, else its share of the processors.
  package let threadCount: Int
  /// The smallest count over all ranks of the group: what a run uses whose bits must not depend on the placement.
  package let commonThreadCount: Int
  /// Processors of this machine that no rank of the group may use.
  package let idleProcessorCount: Int

  /// The number in OMP_NUM_THREADS, of which only the first counts where it lists one for each level.
  package static var requestedThreadCount: Int? {
    let text = ProcessEnvironment.string("OMP_NUM_THREADS")?.split(separator: ",").first
    return text.flatMap { Int($0) }.flatMap { $0 >= 1 ? $0 : nil }
  }

  /// - Important: Collective.
  package init(
    _ group: any ProcessGroup, affinity: Affinity = .current(), requested: Int? = ThreadPlan.requestedThreadCount
  ) throws {
    self.affinity = affinity
    let node = try group.nodeGroup()
    let text = Affinity.listText(affinity.processors)
    let neighbours = try node.allGather(Array(text.utf8)).map {
      Affinity(processors: Affinity.processorList(String(decoding: $0, as: UTF8.self)) ?? [], quota: affinity.quota)
    }
    ranksOnMachine = node.size
    try node.close()
    threadCount = requested ?? affinity.threadCount(sharing: neighbours)
    commonThreadCount = Int(try group.allReduce(Int64(threadCount), .minimum))
    let used = Set(neighbours.flatMap(\.processors))
    let online = SystemFile.text("/sys/devices/system/cpu/online").flatMap { Affinity.processorList($0) } ?? []
    idleProcessorCount = online.filter { !used.contains($0) }.count
  }
}
