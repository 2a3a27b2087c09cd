import Basics
import Collectives
import Exchange
import TrainingConfiguration

/// Who does what in a run: the trainers, the coordinator, and which trainers share a machine's memory.
package struct Roles {
  package let world: any ProcessGroup
  /// nil on a dedicated coordinator.
  package let trainers: (any ProcessGroup)?
  /// The trainers that share this one's store.
  package let machine: (any ProcessGroup)?
  package let topology: Topology
  package let isDedicated: Bool
  /// Rank 0 of the world and the first trainer of every machine: who receives the initial state.
  package let recipients: (any ProcessGroup)?

  /// - Important: Collective over `world`.
  package init(_ settings: Configuration.Distributed, world: any ProcessGroup) throws {
    self.world = world
    isDedicated = try Self.isDedicated(settings.coordinator, ranks: world.size)
    let isTrainer = !(isDedicated && world.rank == 0)
    trainers = try world.subgroup(color: isTrainer ? 0 : nil)
    if let trainers, settings.exchange != .allreduce {
      let machine = try trainers.nodeGroup()
      self.machine = machine
      topology = try Topology.discovered(by: trainers, on: machine)
    } else if let trainers {
      machine = SoloProcessGroup()
      topology = Topology.separate(trainerCount: trainers.size)
    } else {
      machine = nil
      topology = Topology.separate(trainerCount: world.size - 1)
    }
    let isRecipient = world.rank == 0 || machine?.rank == 0
    recipients = try world.subgroup(color: isRecipient ? 0 : nil)
  }

  /// Does rank 0 of so many only evaluate?
  package static func isDedicated(_ wish: Configuration.Distributed.Coordinator, ranks: Int) throws -> Bool {
    switch wish {
    case .shared: return false
    case .auto: return ranks >= 4
    case .dedicated:
      guard ranks >= 2 else {
        throw Failure(
          .configuration, "distributed.coordinator: dedicated needs at least 2 ranks, and there is 1",
          remedy: "start with mpirun -n 2 or more, or set distributed.coordinator: shared")
      }
      return true
    }
  }

  /// The rank that trains and logs first.
  package var isLeader: Bool { trainers?.rank == 0 }
  /// The rank that evaluates alone or first, and writes.
  package var isRecorder: Bool { world.rank == 0 }
}
