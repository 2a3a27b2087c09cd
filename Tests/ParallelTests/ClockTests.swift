import Foundation
import TestSupport
import Testing

extension ParallelTests {
  /// The time of day jumps by hours, as somebody sets the clock or a virtual machine wakes up.
  @Suite(.enabled(if: JumpingClock.isAvailable, "needs a C compiler")) struct Clocks {
    let training: TinyTraining

    init() throws { training = try TinyTraining() }

    /// Otherwise the other tests would show nothing.
    @Test func theClockJumps() throws {
      for (seconds, period) in [(7200, nil), (-7200, nil), (7200, 100)] as [(Int, Int?)] {
        let clock = JumpingClock.environment(seconds: seconds, period: period)
        let outcome = try MPILauncher(ranks: 0, environment: clock).run("/usr/bin/env", ["date", "+%s"])
        let difference = Double(outcome.output.filter(\.isNumber)).map { $0 - Date().timeIntervalSince1970 } ?? 0
        #expect(abs(abs(difference) - 7200) < 60, "\(outcome.tail)")
        if period == nil { #expect((difference > 0) == (seconds > 0)) }
      }
    }

    @Test(arguments: [(2, "shared"), (3, "dedicated")]) func aClockThatJumpsChangesNothing(
      ranks: Int, coordinator: String
    ) throws {
      let good = try training.goodDigest()
      let clock = JumpingClock.environment(seconds: 3 * 3600, period: 50)
      let outcome = try training.train(
        "jumps", ranks: ranks, timeout: 40, environment: clock.merging(["FCN_DIST_WATCHDOG_SECONDS": "2"]) { $1 },
        ["--set", "distributed.coordinator=\(coordinator)"])
      #expect(outcome.exitCode == 0, "\(outcome.tail)")
      // Three ranks on a machine of two cores are warned about, whatever the time.
      let warnings = (outcome.output + outcome.errors).split(separator: "\n").filter {
        $0.contains("warning: ") && !$0.contains("warning: cores of")
      }
      #expect(warnings.isEmpty, "\(outcome.tail)")
      #expect(try training.digest("jumps") == good)
      try expectOrdinaryTimes("jumps")
      // The process saw the jumps: the file is named by the time of day.
      let names = try FileManager.default.contentsOfDirectory(atPath: training.path("jumps"))
      let event = try #require(names.first { $0.hasPrefix("events.out.tfevents.") })
      let time = try #require(event.split(separator: ".").compactMap { Double($0) }.first)
      #expect(abs(time - Date().timeIntervalSince1970) > 3600, "\(event)")
    }

    /// The watchdog neither strikes before its time nor sleeps for hours.
    @Test func aStoppedRankIsNamedInTimeThoughTheClockJumps() throws {
      let clock = JumpingClock.environment(seconds: 3 * 3600, period: 50)
      let outcome = try training.train(
        "stopped", ranks: 2, timeout: 30,
        environment: clock.merging(["FCN_DIST_WATCHDOG_SECONDS": "2", "FCN_DIST_FAULT": "stall@1:5"]) { $1 })
      #expect(outcome.exitCode == 75, "\(outcome.tail)")
      #expect(outcome.seconds < 20)
      #expect(outcome.errorLines.first?.contains("stopped) has not moved for 2 s") == true, "\(outcome.tail)")
    }

    /// No time in the metrics is negative, and none has a jump in it.
    private func expectOrdinaryTimes(_ output: String) throws {
      let lines = training.folder.text("\(output)/metrics.jsonl").split(separator: "\n")
      var stepCount = 0
      for line in lines {
        let entry = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
        guard entry["kind"] as? String == "step" else { continue }
        stepCount += 1
        let rate = try #require(entry["images_per_second"] as? Double, "\(line)")
        #expect(rate > 4 / 60, "\(line)")
        let seconds = try #require(entry["seconds"] as? [String: Double], "\(line)")
        #expect(!seconds.isEmpty && seconds.values.allSatisfy { 0..<60 ~= $0 }, "\(line)")
      }
      #expect(stepCount == 10)
    }

    /// A clock that is hours ahead or behind makes nobody's folder free, and no living writer's file old.
    @Test func aClockThatJumpedTakesNothingFromTheLiving() throws {
      var host = [CChar](repeating: 0, count: 256)
      gethostname(&host, 255)
      let hostName = String(decoding: host.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      try training.folder.makeFolder("other/checkpoints")
      func partial(_ process: pid_t) -> String { "step-000000099.h5.partial-\(process)@\(hostName)" }
      // The numbers of processes end at 2^22 on Linux.
      try writeBytes([1], to: training.path("other") + "/checkpoints/\(partial(99_999_999))")
      var second: [MPILauncher.Outcome] = []
      var files: [String] = []
      var living: pid_t = 0
      let metrics = training.path("busy") + "/metrics.jsonl"
      let first = try training.train("busy", ["--set", "train.steps=100000"]) { process in
        guard living == 0, FileManager.default.fileExists(atPath: metrics) else { return }
        living = process
        defer { kill(process, SIGTERM) }
        for seconds in [7200, -7200] {
          let clock = JumpingClock.environment(seconds: seconds)
          if let outcome = try? training.train("busy", environment: clock, ["--resume", "auto"]) {
            second.append(outcome)
          }
        }
        try? writeBytes([1], to: training.path("other") + "/checkpoints/\(partial(living))")
        let other = try? training.train("other", environment: JumpingClock.environment(seconds: 7200))
        #expect(other?.exitCode == 0, "\(other?.tail ?? "not started")")
        files = training.checkpoints("other")
      }
      #expect(first.exitCode == 75, "\(first.tail)")
      #expect(second.map(\.exitCode) == [73, 73])
      for outcome in second {
        #expect(outcome.errorLines.first?.contains("process \(living) on ") == true, "\(outcome.tail)")
      }
      #expect(files.contains(partial(living)) && !files.contains(partial(99_999_999)), "\(files)")
    }
  }
}
