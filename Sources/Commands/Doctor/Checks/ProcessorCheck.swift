import Basics

/// Do the ranks of each machine have the processors that their threads need, each its own?
package enum ProcessorCheck {
  package static func findings(_ job: JobFacts) -> [Finding] { findings(job.ranks.map(\.processors)) }

  /// - Parameter ranks: all of the job, in their order.
  package static func findings(_ ranks: [ProcessorFacts]) -> [Finding] {
    let hosts = Dictionary(grouping: ranks.indices) { ranks[$0].host }.map {
      JobFacts.Host(name: $0.key, ranks: $0.value)
    }
    let own = hosts.sorted { $0.ranks[0] < $1.ranks[0] }.flatMap { host in
      let machine = Machine(host: host, ranks: ranks)
      let problems = machine.problems
      return problems.isEmpty ? [Finding(.ok, machine.subject, machine.text)] : problems
    }
    return own + sharedMachines(ranks)
  }

  /// Host names behind which there is one machine: each looks well by itself, and all compute in turns.
  private static func sharedMachines(_ ranks: [ProcessorFacts]) -> [Finding] {
    let machines = Dictionary(grouping: ranks.indices.filter { !ranks[$0].machine.isEmpty }) { ranks[$0].machine }
    return machines.values.sorted { $0[0] < $1[0] }.compactMap { members in
      let names = Set(members.map { ranks[$0].host }).sorted()
      guard names.count > 1 else { return nil }
      let whole = Machine(host: JobFacts.Host(name: names.joined(separator: ", "), ranks: members), ranks: ranks)
      let wanted = whole.load.filter { $0.value > 1.001 }.keys.sorted()
      let sharing = members.filter { !Set(ranks[$0].placement.processors).isDisjoint(with: wanted) }
      guard Set(sharing.map { ranks[$0].host }).count > 1 else { return nil }
      return Finding(
        .warning, whole.subject,
        "these are names of one machine, and \(Finding.ranksText(sharing)) share its "
          + "processor\(wanted.count == 1 ? "" : "s") \(Affinity.listText(wanted)): they compute in turns",
        remedy:
          "give each its own (docker run --cpuset-cpus, taskset; launch/hosts deals them out), start fewer ranks, or "
          + "use machines that are several")
    }
  }

  private struct Machine {
    let host: JobFacts.Host
    let ranks: [ProcessorFacts]

    private static let remedy = "start with launch/run, which binds each rank to its own cores; or with mpirun "

    var subject: String { "cores of \(host.name)" }
    private var available: Set<Int> { Set(host.ranks.flatMap { ranks[$0].placement.available }) }
    private var bound: Set<Int> { Set(host.ranks.flatMap { ranks[$0].placement.processors }) }
    private var threads: Int { host.ranks.reduce(0) { $0 + ranks[$1].threads } }
    private var usable: Int { min(available.count, host.ranks.compactMap { ranks[$0].placement.quota }.min() ?? .max) }

    /// Threads that want each processor, were they spread evenly over their ranks' masks.
    var load: [Int: Double] {
      var load: [Int: Double] = [:]
      for rank in host.ranks {
        let (mask, threads) = (ranks[rank].placement.processors, ranks[rank].threads)
        for processor in mask { load[processor, default: 0] += Double(threads) / Double(max(1, mask.count)) }
      }
      return load
    }

    var text: String {
      "\(counted(host.ranks.count, "rank")) x \(counted(ranks[host.ranks[0]].threads, "thread")) on "
        + "\(counted(usable, "processor"))"
    }

    var problems: [Finding] {
      let crowded = host.ranks.filter { ranks[$0].threads > ranks[$0].placement.processors.count }
      let free = available.subtracting(bound)
      var found: [Finding] = []
      if !crowded.isEmpty { found.append(self.crowded(crowded)) }
      if threads > usable {
        found.append(oversubscribed)
      } else if let finding = overlapping(free) {
        found.append(finding)
      } else if !free.isEmpty, crowded.isEmpty {
        found.append(idle(free))
      }
      if found.isEmpty, let finding = hardwareThreads { found.append(finding) }
      if let finding = pinned { found.append(finding) }
      return found
    }

    private func crowded(_ crowded: [Int]) -> Finding {
      let rank = ranks[crowded[0]]
      return Finding(
        .warning, subject,
        "\(Finding.ranksText(crowded)): bound to \(counted(rank.placement.processors.count, "processor")) each "
          + "but running \(counted(rank.threads, "thread"))",
        remedy: Self.remedy + "--map-by slot:PE=\(rank.threads) --bind-to core")
    }

    private var oversubscribed: Finding {
      let fitting = max(1, usable / max(1, ranks[host.ranks[0]].threads))
      return Finding(
        .warning, subject,
        "\(threads) threads of \(counted(host.ranks.count, "rank")) on \(usable) processors: "
          + "more than there are, so that ranks wait for each other",
        remedy: "use \(counted(fitting, "rank")) on this machine, or --threads \(max(1, usable / host.ranks.count))")
    }

    /// Some processors are wanted by several while others are wanted less.
    private func overlapping(_ free: Set<Int>) -> Finding? {
      let load = load
      let wanted = load.filter { $0.value > 1.001 }.keys.sorted()
      guard !wanted.isEmpty, !free.isEmpty || load.values.contains(where: { $0 < 0.999 }) else { return nil }
      let sharing = host.ranks.filter { !Set(ranks[$0].placement.processors).isDisjoint(with: wanted) }
      guard sharing.count > 1 else { return nil }
      return Finding(
        .warning, subject,
        "\(Finding.ranksText(sharing)) share processor\(wanted.count == 1 ? "" : "s") \(Affinity.listText(wanted)): "
          + "their masks overlap" + (free.isEmpty ? "" : ", while \(Affinity.listText(free.sorted())) is free"),
        remedy: Self.remedy + "--map-by slot:PE=\(ranks[sharing[0]].threads) --bind-to core")
    }

    private func idle(_ free: Set<Int>) -> Finding {
      Finding(
        .warning, subject,
        "\(counted(host.ranks.count, "rank")) bound to \(counted(bound.count, "processor")) "
          + "(\(Affinity.listText(bound.sorted()))): \(free.count) of \(available.count) are free and unused",
        remedy: "mpirun binds up to two ranks to a core each: start with launch/run, or with mpirun --bind-to none and "
          + "OMP_NUM_THREADS=\(max(1, available.count / host.ranks.count))")
    }

    private var hardwareThreads: Finding? {
      let first = ranks[host.ranks[0]].placement
      let cores = Dictionary(uniqueKeysWithValues: zip(first.available, first.cores))
      let coreCount = Set(bound.map { cores[$0] ?? $0 }).count
      guard threads > coreCount else { return nil }
      return Finding(
        .warning, subject, "\(threads) threads on \(coreCount) cores: hardware threads of a core share its arithmetic",
        remedy: "use as many threads as cores: --threads \(max(1, coreCount / host.ranks.count))")
    }

    /// OpenMP pins threads by their number in the rank's mask: ranks with one mask pin them to the same processors.
    private var pinned: Finding? {
      let masks = Dictionary(grouping: host.ranks) { ranks[$0].placement.processors }
      let together = masks.values.flatMap { $0.count > 1 ? $0 : [] }.filter {
        let wish = ranks[$0].openMPBinding?.lowercased() ?? "false"
        return wish != "false" && !wish.isEmpty
      }
      guard together.count > 1, threads <= usable else { return nil }
      return Finding(
        .warning, subject,
        "\(Finding.ranksText(together)) are not bound to processors of their own, and OMP_PROC_BIND pins the threads "
          + "of each to the same ones", remedy: "set OMP_PROC_BIND=false, or bind the ranks (launch/run does)")
    }
  }
}
