import Basics

/// Is there the memory that the training will take?
package enum MemoryCheck {
  /// Beyond this share of the memory that is left, something else on the machine decides.
  private static let tightShare = 0.9

  package static func findings(_ job: JobFacts) -> [Finding] {
    job.hosts.flatMap { host in
      [machine(job, host), shared(job, host)].compactMap { $0 } + addressSpace(job, host)
    }
  }

  private static func machine(_ job: JobFacts, _ host: JobFacts.Host) -> Finding {
    let subject = "memory of \(host.name)"
    let available = host.ranks.map { job.ranks[$0].memory.available }.min() ?? 0
    let needed = job.neededByteCount(host)
    guard needed > 0 else { return Finding(.ok, subject, "\(Finding.bytes(available)) available") }
    let text =
      "\(counted(host.ranks.count, "rank")) will need about \(Finding.bytes(needed)), \(Finding.bytes(available)) "
      + "\(available >= 2 << 30 ? "are" : "is") available"
    let isTight = Double(needed) > tightShare * Double(available)
    guard isTight else { return Finding(.ok, subject, text) }
    return Finding(
      needed > available ? .error : .warning, subject, text,
      remedy: "use fewer ranks on this machine, a smaller batch.micro or data.augment.crop, or more machines; in a "
        + "batch job or container ask for more memory")
  }

  private static func shared(_ job: JobFacts, _ host: JobFacts.Host) -> Finding? {
    guard let memory = host.ranks.map({ job.ranks[$0].memory }).min(by: { $0.sharedFree < $1.sharedFree }) else {
      return nil
    }
    let subject = "\(memory.sharedFolder) of \(host.name)"
    let free = "\(Finding.bytes(memory.sharedFree)) free of \(Finding.bytes(memory.sharedSize))"
    let store = job.sharedByteCount(host)
    guard store > 0 else { return host.ranks.count > 1 ? Finding(.ok, subject, free) : nil }
    let snapshot = job.ranks[host.ranks[0]].workload?.snapshotByteCount ?? 0
    let text = "\(free), the ranks' common store takes \(Finding.bytes(store))"
    if memory.sharedFree >= store + snapshot { return Finding(.ok, subject, text) }
    let isEnough = memory.sharedFree >= store
    let wanted = (store + snapshot + store / 8) >> 20
    return Finding(
      isEnough ? .warning : .error, subject,
      text + (isEnough ? ", and there is no room for a copy: the training waits while a checkpoint is written" : ""),
      remedy: "make it larger (mount -o remount,size=\(wanted)m \(memory.sharedFolder); docker run "
        + "--shm-size=\(wanted)m), or do without: --set distributed.exchange=allreduce")
  }

  /// `ulimit -v` holds for each process alone, and counts what is shared too.
  private static func addressSpace(_ job: JobFacts, _ host: JobFacts.Host) -> [Finding] {
    let shared = job.sharedByteCount(host)
    let limited = host.ranks.filter { job.ranks[$0].memory.addressSpace != nil }
    guard let rank = limited.min(by: { left(job, $0, shared) < left(job, $1, shared) }),
      let space = job.ranks[rank].memory.addressSpace
    else { return [] }
    let needed = shared + job.privateByteCount(rank, isShared: shared > 0)
    let isEnough = needed <= space
    return [
      Finding(
        isEnough ? .ok : .error, "memory of rank \(rank)",
        "ulimit -v leaves it \(Finding.bytes(space)), it will need about \(Finding.bytes(needed))",
        remedy: isEnough ? nil : "raise it (ulimit -v unlimited) where the ranks are started")
    ]
  }

  private static func left(_ job: JobFacts, _ rank: Int, _ shared: Int) -> Int {
    (job.ranks[rank].memory.addressSpace ?? .max) - shared - job.privateByteCount(rank, isShared: shared > 0)
  }
}
