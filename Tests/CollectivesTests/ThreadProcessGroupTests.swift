import Basics
import Collectives
import Conformance
import Testing

@Suite struct ThreadProcessGroupTests {
  @Test(arguments: [1, 2, 3, 4, 7], ConformanceCase.all.map(\.name))
  func conforms(ranks: Int, name: String) throws {
    let conformance = try #require(ConformanceCase.named(name))
    let results = try ThreadProcessGroup.run(ranks: ranks, timeout: 20) { group in
      try conformance.run(group)
      return group.rank
    }
    #expect(results == Array(0..<ranks))
  }

  @Test(arguments: ConformanceCase.all.map(\.name))
  func soloConforms(name: String) throws {
    try #require(ConformanceCase.named(name)).run(SoloProcessGroup())
  }

  @Test func machinesAreRunsOfRanks() throws {
    let machines = try ThreadProcessGroup.run(ranks: 5, ranksPerMachine: 2) { group in
      let node = try group.nodeGroup()
      return [group.rank, node.rank, node.size]
    }
    #expect(machines == [[0, 0, 2], [1, 1, 2], [2, 0, 2], [3, 1, 2], [4, 0, 1]])
  }

  @Test func sharedMemoryEndsAtTheMachine() throws {
    #expect(throws: Failure.self) {
      try ThreadProcessGroup.run(ranks: 4, ranksPerMachine: 2) { _ = try $0.sharedMemory(byteCount: 64) }
    }
  }

  /// The first cause, not what follows from it on the others.
  @Test func oneRanksErrorEndsAll() throws {
    let failure = Failure(.badData, "rank 2 cannot read")
    #expect(throws: failure) {
      try ThreadProcessGroup.run(ranks: 4) { group in
        if group.rank == 2 { throw failure }
        try group.barrier()
      }
    }
  }

  @Test func abortEndsAll() throws {
    #expect(throws: Failure(.restart, "rank 1 ended the job with code 75")) {
      try ThreadProcessGroup.run(ranks: 2) { group in
        if group.rank == 1 { group.abort(code: 75) }
        try group.barrier()
      }
    }
  }

  @Test func missingRankIsNamed() throws {
    do {
      _ = try ThreadProcessGroup.run(ranks: 3, timeout: 0.2) { group in
        if group.rank != 1 { try group.barrier() }
      }
      Issue.record("nobody missed rank 1")
    } catch let failure as Failure {
      #expect(failure.message.contains("ranks [1]") && failure.message.contains("barrier"), "\(failure)")
    }
  }

  /// Two ranks that send long messages to each other before they receive would hang under MPI.
  @Test func longMessagesBlock() throws {
    func crossing(_ count: Int) throws {
      _ = try ThreadProcessGroup.run(ranks: 2, timeout: 0.2) { group in
        var bytes = [UInt8](repeating: 0, count: count)
        try bytes.withUnsafeBytes { try group.send($0, to: 1 - group.rank, tag: 0) }
        try bytes.withUnsafeMutableBytes { try group.receive($0, from: 1 - group.rank, tag: 0) }
      }
    }
    try crossing(100)
    #expect(throws: Failure.self) { try crossing(100_000) }
  }

  @Test func differingCallsAreTold() throws {
    func message(_ body: @escaping @Sendable (ThreadProcessGroup) throws -> Void) -> String {
      do {
        _ = try ThreadProcessGroup.run(ranks: 3, timeout: 5, body)
        return ""
      } catch {
        return "\(error)"
      }
    }
    let operations = message { if $0.rank == 1 { try $0.barrier() } else { _ = try $0.allGather([]) } }
    #expect(operations.contains("rank 0 calls allGather") && operations.contains("rank 1 calls barrier"))
    let counts = message { group in
      var values = [Double](repeating: 0, count: group.rank == 2 ? 3 : 4)
      try group.allReduce(&values, .sum)
    }
    #expect(counts.contains("count 4") && counts.contains("rank 2 calls allReduceFloat64(count 3"))
    let exchanges = message { group in
      let bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      try group.exchange(sends: group.rank == 0 ? [OutgoingMessage(to: 2, bytes)] : [], receives: [])
    }
    #expect(exchanges.contains("rank 0 sends 1 messages to rank 2, which expects 0"))
  }

  /// Sums are taken in rank order, so that tests which use them can be repeated to the bit.
  @Test func sumsAreTakenInRankOrder() throws {
    let terms: [Float] = [1, 1e8, -1e8, 3]
    let sums = try ThreadProcessGroup.run(ranks: 4) { group in
      var values = [terms[group.rank]]
      try values.withUnsafeMutableBufferPointer { try group.allReduce($0, .sum) }
      return values[0]
    }
    #expect(sums == Array(repeating: ((terms[0] + terms[1]) + terms[2]) + terms[3], count: 4))
  }
}
