import Basics
import Collectives

/// Something that every `ProcessGroup` must do. Expectations are closed forms of rank and size, so that no two ranks
/// have to trust each other.
package struct ConformanceCase: Sendable {
  package let name: String
  private let body: @Sendable (any ProcessGroup) throws -> Void

  init(name: String, run body: @escaping @Sendable (any ProcessGroup) throws -> Void) {
    self.name = name
    self.body = body
  }

  /// Throws, naming the case, where the group does not do what it must.
  ///
  /// - Important: Collective.
  package func run(_ group: any ProcessGroup) throws {
    do {
      try body(group)
    } catch let failure as Failure {
      throw Failure(failure.kind, "case \(name): \(failure.message)", remedy: failure.remedy)
    }
  }

  package static let all: [ConformanceCase] = [
    ConformanceCase(name: "reductions", run: checkReductions),
    ConformanceCase(name: "broadcast", run: checkBroadcast),
    ConformanceCase(name: "gather", run: checkGather),
    ConformanceCase(name: "barrier", run: checkBarrier),
    ConformanceCase(name: "messages", run: checkMessages),
    ConformanceCase(name: "probe", run: checkProbe),
    ConformanceCase(name: "exchange", run: checkExchange),
    ConformanceCase(name: "subgroups", run: checkSubgroups),
    ConformanceCase(name: "machine", run: checkMachine),
    ConformanceCase(name: "shared-memory", run: checkSharedMemory),
    ConformanceCase(name: "shared-memory-refused", run: checkSharedMemoryRefused),
    ConformanceCase(name: "shared-memory-sizes-differ", run: checkSharedMemorySizesDiffer),
    ConformanceCase(name: "message-length", run: checkMessageLength),
    ConformanceCase(name: "threads", run: checkThreadPlan),
  ]

  /// The case of this name; nil where there is none.
  package static func named(_ name: String) -> ConformanceCase? { all.first { $0.name == name } }
}
