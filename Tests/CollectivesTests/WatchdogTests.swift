import Basics
import Collectives
import Foundation
import TestSupport
import Testing

@Suite struct WatchdogTests {
  @Test func historyKeepsTheLastOperations() {
    var history = OperationHistory()
    for i in 0..<(OperationHistory.capacity + 10) { history.note("operation \(i)", step: 1, at: Double(i)) }
    #expect(history.recent.count == OperationHistory.capacity)
    #expect(history.recent.first?.operation == "operation 10")
    #expect(history.recent.last?.operation == "operation \(OperationHistory.capacity + 9)")
  }

  @Test func medianIsOverWholeSteps() {
    var history = OperationHistory()
    #expect(history.medianStepSeconds == nil)
    var time = 0.0
    for (step, seconds) in [1.0, 1.0, 100.0, 2.0, 2.0].enumerated() {
      history.note("forward", step: step, at: time)
      history.note("backward", step: step, at: time + seconds / 2)
      time += seconds
    }
    history.note("forward", step: 5, at: time)
    #expect(history.medianStepSeconds == 2)
    // A resume jumps to another step: that is no step's time.
    history.note("forward", step: 900, at: time + 1e6)
    #expect(history.medianStepSeconds == 2)
  }

  private final class Findings: Sendable {
    private let findings = Monitor<[Watchdog.Finding]>([])
    func add(_ finding: Watchdog.Finding) { findings.change { $0.append(finding) } }
    var all: [Watchdog.Finding] { findings.withLock { $0 } }
  }

  private static let quick = Watchdog.Settings(minimum: 0.3, factor: 10, interval: 0.05)

  /// Rank 1 sleeps in its own work, rank 0 waits for it: rank 1 is named, both leave a report.
  @Test func namesTheRankThatOthersWaitFor() throws {
    let folder = TemporaryFolder()
    let findings = Findings()
    _ = try ThreadProcessGroup.run(ranks: 2) { group in
      let watchdog = try Watchdog(group: group, folder: folder.path, settings: Self.quick) { findings.add($0) }
      watchdog.heartbeat("forward", step: 7)
      if group.rank == 0 { watchdog.heartbeat("sum", step: 7, isWaiting: true) }
      let deadline = ProcessEnvironment.monotonicSeconds + 5
      while findings.all.isEmpty && ProcessEnvironment.monotonicSeconds < deadline { usleep(10_000) }
      // The rank that does not speak stays on watch for longer than a test may last.
    }
    let message = try #require(findings.all.first).message
    #expect(message.contains("rank 1 on ") && message.contains("\"forward\" of step 7"), "\(message)")
    for rank in 0..<2 {
      let report = try String(contentsOfFile: "\(folder.path)/hang-rank-\(rank).txt", encoding: .utf8)
      #expect(report.contains("step 7  forward"), "\(report)")
      #expect(report.contains("Last operations of rank \(rank)"), "\(report)")
    }
  }

  @Test func isQuietWhileAllGoesOn() throws {
    let findings = Findings()
    let watchdog = try Watchdog(group: SoloProcessGroup(), folder: "/tmp", settings: Self.quick) { findings.add($0) }
    for step in 0..<20 {
      watchdog.heartbeat("forward", step: step)
      usleep(50_000)
    }
    watchdog.suspend()
    usleep(600_000)
    watchdog.resume()
    usleep(100_000)
    watchdog.stop()
    usleep(500_000)
    #expect(findings.all.isEmpty)
  }

  /// As long as the settings allow, and longer than a word of nanoseconds.
  @Test func takesTimeoutsOfAnyLength() throws {
    let settings = Watchdog.Settings(minimum: 1e12, factor: 1e6)
    let watchdog = try Watchdog(group: SoloProcessGroup(), folder: "/tmp", settings: settings)
    watchdog.heartbeat("checkpoint", step: 1, timeoutFactor: Watchdog.storageTimeoutFactor)
    #expect(watchdog.timeout == 1e12)
    watchdog.stop()
  }

  /// Also where it is off.
  @Test(arguments: [0.0, 60]) func leavesNoSignOfLifeBehind(minimum: Double) throws {
    let folder = NSTemporaryDirectory() + "watchdog-\(UInt32.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let counts = try ThreadProcessGroup.run(ranks: 2, ranksPerMachine: 1) { group in
      let watchdog = try Watchdog(
        group: group, folder: folder, settings: Watchdog.Settings(minimum: minimum, interval: 0.05))
      try group.barrier()
      let count = try FileManager.default.contentsOfDirectory(atPath: folder).count
      try group.barrier()
      watchdog.stop()
      return count
    }
    #expect(counts == [2, 2])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
  }

  /// Two machines of one rank each: neither sees the other, so the one that waits does so for longer, and then says
  /// that it is another machine.
  @Test func waitsLongerForAnotherMachine() throws {
    let findings = Findings()
    let settings = Watchdog.Settings(minimum: 0.3, factor: 10, interval: 0.05, remoteFactor: 4)
    let seconds = try ThreadProcessGroup.run(ranks: 2, ranksPerMachine: 1) { group in
      let watchdog = try Watchdog(group: group, rank: group.rank + 10, folder: "/nowhere", settings: settings) {
        findings.add($0)
      }
      let start = ProcessEnvironment.monotonicSeconds
      if group.rank == 1 {
        watchdog.suspend()
      } else {
        watchdog.heartbeat("sum", step: 7, isWaiting: true)
        while findings.all.isEmpty && ProcessEnvironment.monotonicSeconds < start + 10 { usleep(10_000) }
      }
      return ProcessEnvironment.monotonicSeconds - start
    }
    let message = try #require(findings.all.first).message
    #expect(message.contains("for a rank of another machine in \"sum\" of step 7"), "\(message)")
    // Where the report cannot be written, the error does not point to it.
    #expect(!message.contains("/nowhere"))
    #expect(seconds[0] >= 1.2)
  }

  /// Slow steps earn timeout.
  @Test func theTimeoutFollowsTheSteps() throws {
    let watchdog = try Watchdog(
      group: SoloProcessGroup(), folder: "/tmp", settings: Watchdog.Settings(minimum: 0.1, factor: 10, interval: 5)
    ) { _ in }
    #expect(watchdog.timeout == 0.1)
    for step in 0..<3 {
      watchdog.heartbeat("forward", step: step)
      usleep(50_000)
    }
    #expect(watchdog.timeout >= 0.5)
    watchdog.stop()
  }

  /// Two machines that see each other's files: rank 1 is late in its own work and says nothing (it has no watchdog that
  /// runs), or gives signs of life.
  @Test(arguments: [false, true]) func missesASignOfLife(isAlive: Bool) throws {
    let folder = TemporaryFolder()
    let findings = Findings()
    let settings = Watchdog.Settings(minimum: 0.5, factor: 10, interval: 0.05, remoteFactor: 6)
    let seconds = try ThreadProcessGroup.run(ranks: 2, ranksPerMachine: 1) { group in
      var own = settings
      if group.rank == 1 && !isAlive { own.minimum = 0 }
      let watchdog = try Watchdog(group: group, folder: folder.path, settings: own) { findings.add($0) }
      let start = ProcessEnvironment.monotonicSeconds
      if group.rank == 1 {
        while findings.all.isEmpty && ProcessEnvironment.monotonicSeconds < start + 10 {
          watchdog.heartbeat("forward", step: 7)
          usleep(10_000)
        }
      } else {
        watchdog.heartbeat("sum", step: 7, isWaiting: true)
        while findings.all.isEmpty && ProcessEnvironment.monotonicSeconds < start + 10 { usleep(10_000) }
      }
      return ProcessEnvironment.monotonicSeconds - start
    }
    let message = try #require(findings.all.first).message
    if isAlive {
      #expect(message.contains("for a rank of another machine"), "\(message)")
      #expect(seconds[0] >= 3)
    } else {
      #expect(message.contains("rank 1 on ") && message.contains("no sign of life"), "\(message)")
      #expect(seconds[0] < 2.9)
    }
  }
}
