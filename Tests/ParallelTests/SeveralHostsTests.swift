import Foundation
import TestSupport
import Testing

extension ParallelTests {
  /// Machines with host names, shared memory and networks of their own (`launch/hosts`), and a real mpirun over real
  /// TCP between them.
  @Suite(.enabled(if: Hosts.areAllowed, "launch/hosts --check says why name spaces cannot be made here"))
  struct SeveralHosts {
    let training: TinyTraining
    let good: String

    init() throws {
      training = try TinyTraining()
      good = try training.goodDigest()
    }

    private func resumesToTheSameEnd(_ output: String, _ hosts: Hosts = Hosts()) throws {
      let resumed = try hosts.run(ranks: 4, training.arguments(output, ["--resume", "auto"]))
      #expect(resumed.exitCode == 0, "\(resumed.tail)")
      #expect(try training.digest(output) == good)
    }

    @Test(arguments: [(2, 4, "shared"), (2, 4, "dedicated"), (3, 3, "shared"), (4, 5, "dedicated")])
    func machinesChangeNothing(hosts: Int, ranks: Int, coordinator: String) throws {
      let outcome = try Hosts(count: hosts).run(
        ranks: ranks, mapBy: "node", training.arguments("hosts", ["--set", "distributed.coordinator=\(coordinator)"]))
      #expect(outcome.exitCode == 0, "\(outcome.tail)")
      #expect(try training.digest("hosts") == good)
    }

    /// Updated parameters travel as bfloat16 there, and the machines compare what they have of them.
    @Test(arguments: [(2, 2, "shared"), (3, 4, "dedicated")])
    func machinesChangeNothingInBFloat16(hosts: Int, ranks: Int, coordinator: String) throws {
      let settings = ["--set", "train.precision=bfloat16", "--set", "distributed.verify_every=2"]
      let alone = try MPILauncher(ranks: 1).run("fcn-dist", training.arguments("alone", settings))
      #expect(alone.exitCode == 0, "\(alone.tail)")
      let outcome = try Hosts(count: hosts).run(
        ranks: ranks, mapBy: "node",
        training.arguments("bfloat16", settings + ["--set", "distributed.coordinator=\(coordinator)"]))
      #expect(outcome.exitCode == 0, "\(outcome.tail)")
      #expect(try training.digest("bfloat16") == training.digest("alone"))
      #expect(try training.digest("alone") != good)
    }

    private static let hasTwoProcessors = ProcessInfo.processInfo.activeProcessorCount > 1

    private func onTwoHosts(_ command: [String]) throws -> MPILauncher.Outcome {
      let script = "\(TestedPackage.folder)/launch/hosts"
      return try MPILauncher(ranks: 0).run(
        "/bin/bash", [script, "--", "mpirun", "-n", "2", "--map-by", "node"] + command)
    }

    /// mpirun would bind the first rank of each to the same one.
    @Test(.enabled(if: hasTwoProcessors, "one processor")) func machinesHaveProcessorsOfTheirOwn() throws {
      let outcome = try onTwoHosts(["sed", "-n", "s/^Cpus_allowed_list:[[:space:]]*//p", "/proc/self/status"])
      let masks = outcome.output.split(separator: "\n").map(String.init)
      #expect(outcome.exitCode == 0 && masks.count == 2 && Set(masks).count == 2, "\(outcome.tail)")
    }

    @Test func theDoctorSeesTheOneMachineBehindThem() throws {
      let tool = try TestedPackage.program("fcn-dist")
      let doctor = [
        tool, "doctor", "--set", "model.widths=[4,4,4,4,4]", "--set", "model.fc=8", "--set",
        "data.augment.crop=[32,48]",
      ]
      let crowded = try onTwoHosts(["taskset", "-c", "0"] + doctor)
      #expect(crowded.output.contains("these are names of one machine, and ranks 0-1 share its"), "\(crowded.tail)")
    }

    /// Otherwise the other tests would show nothing.
    @Test func hostsAreDifferentMachines() throws {
      let result = training.folder.file("exchange.json")
      let outcome = try Hosts(count: 3).run(
        ranks: 5, ["benchmark", "exchange", "--parameters", "70001", "--repeats", "1", "--json", result])
      #expect(outcome.exitCode == 0, "\(outcome.tail)")
      let json =
        try JSONSerialization.jsonObject(with: Data(training.folder.text("exchange.json").utf8)) as? [String: Any]
      #expect(json?["machines"] as? Int == 3)
      #expect(json?["host"] as? String == "host1")
    }

    @Test func aRankKilledOnAnotherHostEndsTheJob() throws {
      let outcome = try Hosts(environment: ["FCN_DIST_FAULT": "kill@3:7"]).run(ranks: 4, training.arguments("killed"))
      #expect(outcome.exitCode == 75 || outcome.exitCode > 128, "\(outcome.tail)")
      #expect(outcome.seconds < 20)
      try resumesToTheSameEnd("killed")
    }

    @Test func aRankStoppedOnAnotherHostIsNamed() throws {
      let outcome = try Hosts(environment: ["FCN_DIST_FAULT": "stall@3:7"]).run(ranks: 4, training.arguments("stopped"))
      #expect(outcome.exitCode == 75, "\(outcome.tail)")
      #expect(outcome.seconds < 25)
      #expect(outcome.errorLines.count == 1, "\(outcome.tail)")
      #expect(outcome.errorLines.first?.contains("rank 3 on host2") == true, "\(outcome.tail)")
      try resumesToTheSameEnd("stopped")
    }

    /// What one host sends and the other receives differs by a bit.
    @Test func aCopyThatArrivesWrongIsFound() throws {
      let outcome = try Hosts(environment: ["FCN_DIST_FAULT": "corrupt-copy@2:5"]).run(
        ranks: 4,
        training.arguments(
          "corrupt", ["--set", "distributed.verify_every=1", "--set", "distributed.coordinator=shared"]))
      #expect(outcome.exitCode == 75, "\(outcome.tail)")
      // Each machine may say it, in the same words.
      #expect((1...2).contains(outcome.errorLines.count), "\(outcome.tail)")
      #expect(outcome.errorLines.allSatisfy { $0.contains("memory of rank 2 on host2") }, "\(outcome.tail)")
      try resumesToTheSameEnd("corrupt")
    }

    /// bfloat16 on the wire, or buckets during the backward pass: the bits are those of one rank with the same settings.
    @Test(arguments: [
      ["distributed.wire=bfloat16"], ["distributed.overlap=never"], ["distributed.bucket=900"],
      ["distributed.bucket=900", "distributed.wire=bfloat16", "batch.micro=2"],
      ["distributed.bucket=900", "batch.global=7", "distributed.exchange=allreduce", "distributed.overlap=always"],
    ])
    func theWireChangesNothing(settings: [String]) throws {
      let more = settings.flatMap { ["--set", $0] } + ["--set", "distributed.coordinator=shared"]
      let one = try training.train("one", more)
      #expect(one.exitCode == 0, "\(one.tail)")
      let outcome = try Hosts(count: 2).run(ranks: 4, training.arguments("hosts", more))
      #expect(outcome.exitCode == 0, "\(outcome.tail)")
      #expect(try training.digest("hosts") == training.digest("one"))
    }

    /// Neither side hears of the other again; mpirun would wait for a quarter of an hour.
    @Test func aNetworkThatGoesDownEndsTheJob() throws {
      // So slow that it is in the middle when the third step's checkpoint is there.
      let hosts = Hosts(delay: 10, cutWhenThereIs: training.checkpoint("down", step: 3))
      let outcome = try hosts.runThroughScript(training.arguments("down"))
      #expect(outcome.exitCode == 75, "\(outcome.tail)")
      #expect(!outcome.isTimedOut && outcome.seconds < 60)
      #expect(outcome.errorLines.count == 1, "\(outcome.tail)")
      // Whichever is noticed first: that nothing comes, or that the other machine's sign of life stays away.
      let words = ["for a rank of another machine", "has given no sign of life"]
      #expect(words.contains { outcome.errorLines.first?.contains($0) == true }, "\(outcome.tail)")
      try resumesToTheSameEnd("down")
    }

    @Test func aLateAndLossyNetworkChangesNothing() throws {
      let outcome = try Hosts(delay: 50, loss: 1).run(ranks: 4, training.arguments("lossy"))
      #expect(outcome.exitCode == 0, "\(outcome.tail)")
      #expect(try training.digest("lossy") == good)
    }
  }
}

/// A job on the machines that `launch/hosts` pretends.
struct Hosts {
  var count = 2
  /// Of every packet, in milliseconds.
  var delay = 0
  /// Of the packets, in percent.
  var loss = 0
  /// The last machine is cut off once this file exists.
  var cutWhenThereIs: String?
  var environment: [String: String] = [:]

  static let areAllowed: Bool = {
    let outcome = try? MPILauncher(ranks: 0).run("/bin/bash", ["\(TestedPackage.folder)/launch/hosts", "--check"])
    return outcome?.exitCode == 0
  }()

  /// Runs `fcn-dist` under mpirun.
  func run(ranks: Int, mapBy: String = "slot", _ arguments: [String]) throws -> MPILauncher.Outcome {
    try run(
      ["mpirun", "-n", "\(ranks)", "--map-by", mapBy, "--oversubscribe", "--bind-to", "none"]
        + [TestedPackage.program("fcn-dist")] + arguments)
  }

  /// Runs `fcn-dist` with two ranks a machine as `launch/run` starts it.
  func runThroughScript(_ arguments: [String]) throws -> MPILauncher.Outcome {
    let program = try TestedPackage.program("fcn-dist")
    let script = """
      "$1"/launch/run --hostfile "$FCN_DIST_HOSTS/hostfile" --ranks-per-machine 2 --threads 1 --program "$2" -- "${@:3}"
      """
    return try run(["/bin/bash", "-c", script, "run", TestedPackage.folder, program] + arguments)
  }

  private func run(_ command: [String]) throws -> MPILauncher.Outcome {
    var options = ["--hosts", "\(count)"]
    if delay > 0 { options += ["--delay", "\(delay)"] }
    if loss > 0 { options += ["--loss", "\(loss)"] }
    if let cutWhenThereIs { options += ["--cut", cutWhenThereIs] }
    let defaults = ["FCN_DIST_WATCHDOG_SECONDS": "2", "FCN_DIST_END_SECONDS": "8"]
    return try MPILauncher(
      ranks: 0, timeout: 90, environment: defaults.merging(environment) { _, new in new }
    ).run("/bin/bash", ["\(TestedPackage.folder)/launch/hosts"] + options + ["--"] + command)
  }
}
