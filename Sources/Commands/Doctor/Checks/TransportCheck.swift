import Basics

/// What do messages travel through, and is there something faster?
package enum TransportCheck {
  package static func findings(_ job: JobFacts) -> [Finding] {
    let transport = job.ranks[0].transport
    let isAlone = job.ranks.count == 1
    let hasSeveral = job.hosts.count > 1
    let way = isAlone ? "nothing to send with one rank" : way(transport, isRemote: hasSeveral)
    let text = "\(way); threads: \(transport.threadLevel)"
    let fabrics = Set(job.ranks.flatMap(\.transport.fabrics)).sorted()
    guard !fabrics.isEmpty, !usesFabric(transport), !transport.components.isEmpty else {
      return [Finding(.ok, "transport", text)] + singleCopy(job)
    }
    let reason =
      transport.isFabricSwitchedOff ? " (/etc/openmpi/openmpi-mca-params.conf of this system switches UCX off)" : ""
    let finding = Finding(
      hasSeveral ? .warning : .ok, "transport",
      "\(text). There is a fast network (\(fabrics.joined(separator: ", "))) that this start does not use\(reason)",
      remedy: hasSeveral || transport.isFabricSwitchedOff
        ? "between machines start with mpirun --mca pml ucx --mca osc ucx (launch/run --hostfile does where UCX is "
          + "there)" : nil)
    return [finding] + singleCopy(job)
  }

  private static func usesFabric(_ transport: TransportFacts) -> Bool {
    transport.components.contains("pml_ucx") || transport.components.contains("pml_cm")
      || transport.components.contains("btl_openib") || transport.components.contains("btl_ofi")
  }

  private static func way(_ transport: TransportFacts, isRemote: Bool) -> String {
    let components = transport.components
    if components.isEmpty { return "not visible: this MPI library is built in one piece" }
    let names = components.joined(separator: ", ")
    if components.contains("pml_ucx") { return "UCX (\(names))" }
    if components.contains("pml_cm") { return "a matching network (\(names))" }
    return (isRemote ? "TCP between machines, shared memory within" : "shared memory") + " (\(names))"
  }

  private static func singleCopy(_ job: JobFacts) -> [Finding] {
    let problems = job.ranks.compactMap { rank in
      rank.singleCopyProblem.flatMap { $0.isEmpty ? nil : $0 }
    }
    let looked = job.ranks.contains { $0.singleCopyProblem != nil }
    guard looked else { return [] }
    guard let problem = problems.first else {
      return [Finding(.ok, "single copy", "ranks of a machine may read each other's memory (process_vm_readv)")]
    }
    return [
      Finding(
        .warning, "single copy",
        "process_vm_readv is denied (\(problem)): messages within a machine are copied twice",
        remedy: "give the container the right: docker run --cap-add SYS_PTRACE")
    ]
  }
}
