import Basics
import Foundation
import MPITransport
import Storage

/// What a rank finds where it runs.
package struct RankFacts: Codable, Equatable, Sendable {
  package var host: String
  /// As `ProcessorFacts.machine`.
  package var machine = ""
  package var process: Int
  package var placement: Placement
  package var backend: BackendFacts
  package var memory: MemoryFacts
  package var transport: TransportFacts
  /// Of what has to be equal on all ranks, by name.
  package var versions: [String: String]
  /// Why reading a neighbour's memory fails; "" where it works, nil without a neighbour.
  package var singleCopyProblem: String?
  package var data: DataFacts?
  package var dataProblem: Problem?
  package var workload: WorkloadFacts?
  package var workloadProblem: Problem?

  package init(
    host: String, placement: Placement, backend: BackendFacts, memory: MemoryFacts, transport: TransportFacts,
    versions: [String: String] = [:]
  ) {
    self.host = host
    process = Int(getpid())
    self.placement = placement
    self.backend = backend
    self.memory = memory
    self.transport = transport
    self.versions = versions
  }

  static func current(backend: BackendFacts) -> RankFacts {
    var facts = RankFacts(
      host: ProcessEnvironment.hostName, placement: .current(), backend: backend, memory: .current(),
      transport: .current(),
      versions: [
        "fcn-dist": ToolVersion.text, "the program's file": ProgramFile.identity, "MPI": MPILibrary.version,
        "HDF5": HDF5Library.version,
      ])
    facts.machine = ProcessorFacts.bootIdentifier
    return facts
  }

  var processors: ProcessorFacts {
    ProcessorFacts(
      host: host, machine: machine, placement: placement, threads: backend.threads,
      openMPBinding: backend.openMPBinding)
  }
}
