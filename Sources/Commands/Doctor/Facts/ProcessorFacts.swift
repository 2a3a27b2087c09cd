import Basics
import Collectives
import Foundation

/// Where a rank computes, and with how many threads.
package struct ProcessorFacts: Codable, Equatable, Sendable {
  package var host: String
  /// Equal for all names that one machine goes by: containers on it, and name spaces.
  package var machine: String
  package var placement: Placement
  package var threads: Int
  /// OMP_PROC_BIND.
  package var openMPBinding: String?

  package init(
    host: String, machine: String = "", placement: Placement, threads: Int, openMPBinding: String? = nil
  ) {
    self.host = host
    self.machine = machine
    self.placement = placement
    self.threads = threads
    self.openMPBinding = openMPBinding
  }

  /// Of this process.
  static func current(threads: Int) -> ProcessorFacts {
    ProcessorFacts(
      host: ProcessEnvironment.hostName, machine: Self.bootIdentifier, placement: .current(), threads: threads,
      openMPBinding: ProcessEnvironment.string("OMP_PROC_BIND"))
  }

  /// Of all ranks.
  ///
  /// - Important: Collective over `group`.
  static func gathered(threads: Int, over group: any ProcessGroup) throws -> [ProcessorFacts] {
    try group.allGather(Array(try JSONEncoder().encode(current(threads: threads)))).map {
      try JSONDecoder().decode(ProcessorFacts.self, from: Data($0))
    }
  }

  /// Linux draws one at each start of a machine; "" where it is hidden.
  static var bootIdentifier: String {
    (SystemFile.text("/proc/sys/kernel/random/boot_id") ?? "").filter { !$0.isWhitespace }
  }
}
