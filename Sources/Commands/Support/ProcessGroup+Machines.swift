import Collectives

extension ProcessGroup {
  /// How many machines the ranks are on.
  ///
  /// - Important: Collective.
  func machineCount() throws -> Int {
    let machine = try nodeGroup()
    defer { try? machine.close() }
    return Int(try allReduce(machine.rank == 0 ? 1 : 0, .sum))
  }
}
