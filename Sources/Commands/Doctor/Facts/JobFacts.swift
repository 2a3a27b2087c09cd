/// What all ranks of a job found.
package struct JobFacts: Equatable, Sendable {
  package var ranks: [RankFacts]
  /// How it was started and with which recipe, in words.
  package var recipe: String
  /// nil: none was named.
  package var dataFolder: String?
  package var output: OutputFacts?
  package var speed: SpeedFacts?
  /// What stopped the measurement of the speed.
  package var speedProblem: Problem?

  package init(ranks: [RankFacts], recipe: String = "") {
    self.ranks = ranks
    self.recipe = recipe
  }

  struct Host {
    let name: String
    let ranks: [Int]
  }

  /// The machines in the order of their first ranks.
  var hosts: [Host] {
    Dictionary(grouping: ranks.indices) { ranks[$0].host }.map { Host(name: $0.key, ranks: $0.value) }
      .sorted { $0.ranks[0] < $1.ranks[0] }
  }

  /// Shared memory that the training's store takes on a machine; 0 where its ranks do not share one.
  func sharedByteCount(_ host: Host) -> Int {
    let workloads = host.ranks.compactMap { ranks[$0].workload }.filter(\.isTrainer)
    guard workloads.count > 1, let first = workloads.first, first.sharesStore else { return 0 }
    return first.storeByteCount(buffers: workloads.reduce(0) { $0 + $1.bufferCount })
  }

  /// All memory that the training takes on a machine.
  func neededByteCount(_ host: Host) -> Int {
    let shared = sharedByteCount(host)
    let own = host.ranks.reduce(0) { $0 + privateByteCount($1, isShared: shared > 0) }
    return shared + own
  }

  /// Memory of one rank alone.
  func privateByteCount(_ rank: Int, isShared: Bool) -> Int {
    guard let workload = ranks[rank].workload else { return 0 }
    var bytes = Self.processByteCount + workload.privateByteCount
    if !workload.isTrainer { return bytes + workload.snapshotByteCount + workload.preparedByteCount }
    if rank == 0 { bytes += workload.snapshotByteCount }
    return isShared ? bytes : bytes + workload.storeByteCount(buffers: workload.bufferCount)
  }

  /// Of a process that does nothing yet: the program, MPI, the backend's code.
  private static let processByteCount = 128 << 20
}
