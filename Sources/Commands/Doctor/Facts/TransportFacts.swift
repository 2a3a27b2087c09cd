import Basics
import Foundation
import MPITransport

/// What MPI sends through.
package struct TransportFacts: Codable, Equatable, Sendable {
  /// Open MPI's components that are still loaded after its start: those that it did not choose are gone again. Empty
  /// where the library is built in one piece.
  package var components: [String]
  /// Fast networks of this machine: InfiniBand, RoCE, Omni-Path.
  package var fabrics: [String]
  /// The system's parameter file switches them off.
  package var isFabricSwitchedOff: Bool
  package var threadLevel: String

  package init(
    components: [String], fabrics: [String] = [], isFabricSwitchedOff: Bool = false, threadLevel: String = "funneled"
  ) {
    self.components = components
    self.fabrics = fabrics
    self.isFabricSwitchedOff = isFabricSwitchedOff
    self.threadLevel = threadLevel
  }

  static func current() -> TransportFacts {
    TransportFacts(
      components: loadedComponents(), fabrics: folder("/sys/class/infiniband") + folder("/sys/class/hfi1"),
      isFabricSwitchedOff: switchesFabricOff(SystemFile.text("/etc/openmpi/openmpi-mca-params.conf") ?? ""),
      threadLevel: MPILibrary.threadLevel)
  }

  /// "pml_ob1", "btl_tcp" and so on, from the files that this process has mapped.
  private static func loadedComponents() -> [String] {
    let names = (SystemFile.text("/proc/self/maps") ?? "").split(separator: "\n").compactMap { line -> String? in
      let file = line.split(separator: "/").last ?? ""
      guard file.hasPrefix("mca_"), file.hasSuffix(".so") else { return nil }
      return String(file.dropFirst(4).dropLast(3))
    }
    return Set(names).filter { $0.hasPrefix("pml_") || $0.hasPrefix("btl_") || $0.hasPrefix("mtl_") }.sorted()
  }

  private static func folder(_ path: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
  }

  /// Debian's file says `pml = ^ucx`: it excludes what InfiniBand needs.
  package static func switchesFabricOff(_ parameters: String) -> Bool {
    parameters.split(separator: "\n").contains { line in
      let words = line.split(separator: "#", omittingEmptySubsequences: false)[0].filter { !$0.isWhitespace }
      return words.hasPrefix("pml=^") && words.contains("ucx")
    }
  }
}
