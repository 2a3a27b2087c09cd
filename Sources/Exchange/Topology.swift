import Basics
import Collectives

/// Which trainers share a machine's memory.
package struct Topology: Equatable, Sendable {
  /// The trainers of each machine, ascending; machines in the order of their first trainer.
  package let machines: [[Int]]
  /// The machine of each trainer.
  package let machineOfTrainer: [Int]

  package init(machines: [[Int]]) {
    self.machines = machines
    var machineOf = [Int](repeating: 0, count: machines.reduce(0) { $0 + $1.count })
    for (m, trainers) in machines.enumerated() {
      for t in trainers { machineOf[t] = m }
    }
    machineOfTrainer = machineOf
  }

  /// Every trainer with memory of its own: the plain path that needs no shared memory.
  package static func separate(trainerCount: Int) -> Topology { Topology(machines: (0..<trainerCount).map { [$0] }) }

  /// Asks the transport who shares memory with whom.
  ///
  /// - Important: Collective.
  package static func discovered(by group: any ProcessGroup, on machine: any ProcessGroup) throws -> Topology {
    var leader = [UInt8](repeating: 0, count: 8)
    withUnsafeBytes(of: Int64(group.rank).littleEndian) { leader = Array($0) }
    try leader.withUnsafeMutableBytes { try machine.broadcast($0, from: 0) }
    let leaders = try group.allGather(leader)
    var members: [[UInt8]: [Int]] = [:]
    for (trainer, leader) in leaders.enumerated() { members[leader, default: []].append(trainer) }
    return Topology(machines: members.values.sorted { $0[0] < $1[0] })
  }

  package var trainerCount: Int { machineOfTrainer.count }

  /// The trainers that share a machine's memory with `trainer`, itself among them.
  package func neighbours(of trainer: Int) -> [Int] { machines[machineOfTrainer[trainer]] }

  /// The place of `trainer` among its neighbours.
  package func localIndex(of trainer: Int) -> Int { neighbours(of: trainer).firstIndex(of: trainer) ?? 0 }

  /// The trainer of `machine` that speaks for it towards `owner` of another machine.
  package func sender(of machine: Int, towards owner: Int) -> Int {
    machines[machine][owner % machines[machine].count]
  }
}
