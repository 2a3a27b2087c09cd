import Basics
import Checkpoints
import Foundation
import TestSupport
import Testing
import Training

/// What goes wrong in the numbers of a training is noticed, named, and never applied.
@Suite struct FaultTests {
  let folder = TemporaryFolder()
  var data: String { folder.path + "/data" }

  private func failure(_ body: () throws -> Void) -> Failure? {
    do {
      try body()
      return nil
    } catch {
      return error as? Failure
    }
  }

  @Test func ordersAreRead() throws {
    let faults = try InjectedFaults("kill@1:7,flip-weight@0:3")
    #expect(faults.of(rank: 1).orders.map(\.kind) == [.kill])
    #expect(faults.of(rank: 0).triggers(.flipWeight, step: 3) && !faults.of(rank: 0).triggers(.flipWeight, step: 4))
    #expect(try InjectedFaults("").orders.isEmpty)
    let checkpoint = try InjectedFaults("kill-checkpoint/renamed@0:6")
    #expect(checkpoint.orders.map(\.point) == [.renamed] && !checkpoint.triggers(.kill, step: 6))
    for wrong in [
      "kill", "kill@1", "die@1:2", "kill@x:2", "kill/renamed@0:6", "kill-checkpoint@0:6", "kill-checkpoint/x@0:6",
      "kill-checkpoint/renamed/x@0:6",
    ] {
      #expect(failure { _ = try InjectedFaults(wrong) }?.kind == .usage, "\(wrong)")
    }
    let marked = try InjectedFaults("nan@0:1", marker: folder.path + "/marker")
    #expect(marked.triggers(.nan, step: 1) && !marked.triggers(.nan, step: 1))
  }

  // MARK: Numbers that are not finite

  @Test(arguments: [(1, 0), (3, 1)]) func anInfiniteGradientStopsAllRanks(ranks: Int, broken: Int) throws {
    try RunHarness.writeData(to: data)
    let output = folder.path + "/run"
    let found = failure {
      try RunHarness.train(data: data, output: output, ranks: ranks, faults: "nan@\(broken):7")
    }
    #expect(found?.kind == .badData)
    #expect(found?.message.contains("step 7: the gradient is not finite after the samples train") == true, "\(found!)")
    // The checkpoint before it is there, and goes on to the same end as a run without the fault.
    #expect(CheckpointStore(folder: output + "/checkpoints").latestStep == 6)
    try RunHarness.train(data: data, output: output, resume: .auto)
    try RunHarness.train(data: data, output: folder.path + "/good")
    #expect(try RunHarness.digest(output, step: 10) == RunHarness.digest(folder.path + "/good", step: 10))
  }

  @Test func aStepIsSkippedByAllRanksAlike() throws {
    try RunHarness.writeData(to: data)
    var digests: Set<String> = []
    for (ranks, perMachine, broken) in [(1, 1, 0), (2, 2, 1), (3, 1, 2), (5, 5, 4)] {
      let output = "\(folder.path)/run-\(ranks)"
      let log = RunHarness.LineLog()
      try RunHarness.train(
        set: ["train.nonfinite=skip"], data: data, output: output, ranks: ranks, ranksPerMachine: perMachine,
        faults: "nan@\(broken):3", log: log)
      #expect(log.text.contains("warning: step 3: the gradient is not finite"), "\(log.text)")
      digests.insert(try RunHarness.digest(output, step: 10))
    }
    #expect(digests.count == 1)
    try RunHarness.train(data: data, output: folder.path + "/good")
    #expect(digests.first != (try RunHarness.digest(folder.path + "/good", step: 10)))
  }

  @Test func aSampleThatCannotBeComputedIsNamed() throws {
    try RunHarness.writeData(to: data, broken: "train6")
    let settings = ["data.mean=[0, 0, 0]", "data.std=[0.001, 0.001, 0.001]"]
    let output = folder.path + "/run"
    let found = failure { try RunHarness.train(set: settings, data: data, output: output, ranks: 2) }
    #expect(
      found?.message.contains("the loss is not finite on the samples train6; ") == true, "\(String(describing: found))")
    let skip = settings + ["train.nonfinite=skip"]
    try RunHarness.train(set: skip, data: data, output: folder.path + "/one")
    try RunHarness.train(set: skip, data: data, output: folder.path + "/three", ranks: 3)
    #expect(
      try RunHarness.digest(folder.path + "/one", step: 10) == RunHarness.digest(folder.path + "/three", step: 10))
  }

  @Test func skippingEnds() throws {
    try RunHarness.writeData(to: data)
    let faults = (3...30).map { "nan@0:\($0)" }.joined(separator: ",")
    let found = failure {
      try RunHarness.train(
        set: ["train.nonfinite=skip", "train.steps=40"], data: data, output: folder.path + "/run", ranks: 2,
        faults: faults)
    }
    #expect(found?.message.contains("step 13, the 11. in a row: ") == true, "\(String(describing: found))")
  }

  // MARK: Bits that turn over

  @Test(arguments: [(1, 1, "shared"), (2, 2, "shared"), (3, 1, "shared"), (4, 2, "dedicated")])
  func aBitThatTurnsOverInAWeightIsFound(ranks: Int, perMachine: Int, coordinator: String) throws {
    try RunHarness.writeData(to: data)
    let settings = ["distributed.coordinator=\(coordinator)"]
    try RunHarness.train(data: data, output: folder.path + "/good")
    let good = try RunHarness.digest(folder.path + "/good", step: 10)
    func train(_ name: String, _ set: [String], faults: String, resume: TrainingOptions.Resume = .never) throws {
      try RunHarness.train(
        set: settings + set, data: data, output: "\(folder.path)/\(name)", ranks: ranks, ranksPerMachine: perMachine,
        resume: resume, faults: faults)
    }
    let fault = "flip-weight@\(ranks - 1):7"
    // Without the check nobody notices.
    try train("silent", ["distributed.verify_every=0"], faults: fault)
    #expect(try RunHarness.digest("\(folder.path)/silent", step: 10) != good)
    let found = failure { try train("found", [], faults: fault) }
    #expect(found?.kind == .restart)
    let message = found?.message ?? ""
    #expect(message.contains("step 8: ") && message.contains("changed in the memory of rank "), "\(message)")
    try train("found", [], faults: "", resume: .auto)
    #expect(try RunHarness.digest("\(folder.path)/found", step: 10) == good)
  }

  /// The state after step 10 is checked before it is written: a wrong bit does not become a good checkpoint.
  @Test func aWrongBitIsNotWritten() throws {
    try RunHarness.writeData(to: data)
    let found = failure {
      try RunHarness.train(data: data, output: folder.path + "/run", ranks: 2, faults: "flip-weight@1:10")
    }
    #expect(found?.message.contains("step 10: ") == true)
    #expect(try #require(CheckpointStore(folder: folder.path + "/run/checkpoints").latestStep) < 10)
  }

  @Test func machinesThatDifferAreFoundWithinTheInterval() throws {
    try RunHarness.writeData(to: data)
    let found = failure {
      try RunHarness.train(
        set: ["distributed.verify_every=2", "distributed.coordinator=shared"], data: data,
        output: folder.path + "/run", ranks: 3, ranksPerMachine: 1, faults: "corrupt-copy@1:4")
    }
    #expect(found?.kind == .restart)
    #expect(
      found?.message.contains("differs from its owner's in the memory of rank 1 on ") == true,
      "\(String(describing: found))")
  }
}
