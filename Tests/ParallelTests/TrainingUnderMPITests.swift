import Foundation
import TestSupport
import Testing

extension ParallelTests {
  /// `fcn-dist train` in real processes: the same bits for any number of them, and safe ends.
  @Suite struct TrainingUnderMPI {
    let training: TinyTraining

    static let configuration = """
      model: {architecture: fcn8s, widths: [4, 4, 8, 8, 8], fc: 16, dropout: 0.5}
      data: {augment: {flip: 0.5, scale: [0.8, 1.3], color: 0.2}}
      batch: {global: 5, micro: 1}
      optimizer: {name: adamw, learning_rate: 0.002, gradient_clip: 1}
      schedule: {name: plateau, patience: 0}
      train: {steps: 10, seed: 3, evaluate_every: 4, checkpoint_every: 5, keep: 9}
      """

    init() throws { training = try TinyTraining(Self.configuration, train: 11, size: (48, 64)) }

    private func train(
      _ output: String, ranks: Int, backend: String = "portable", machines: Int? = nil, timeout: Double = 120,
      _ more: [String] = [], meanwhile: (pid_t) -> Void = { _ in }
    ) throws -> MPILauncher.Outcome {
      let environment = machines.map { ["FCN_DIST_RANKS_PER_MACHINE": "\($0)"] } ?? [:]
      var training = training
      training.backend = backend
      return try training.train(
        output, ranks: ranks, timeout: timeout, environment: environment, more, meanwhile: meanwhile)
    }

    @Test(arguments: ["portable", "onednn"]) func anyNumberOfRanksTrainsTheSameNetwork(backend: String) throws {
      let one = try train("one", ranks: 0, backend: backend)
      if backend == "onednn", one.exitCode == 78 { return }
      try #require(one.exitCode == 0, "\(one.tail)")
      let expected = try training.digest("one")
      #expect(expected.count == 64)
      for (ranks, coordinator, exchange, perMachine) in [
        (1, "shared", "auto", nil), (2, "shared", "shared", nil), (3, "dedicated", "auto", nil),
        (4, "auto", "allreduce", nil), (4, "shared", "auto", 2),
      ] as [(Int, String, String, Int?)] {
        let output = "run-\(ranks)-\(coordinator)-\(exchange)"
        let outcome = try train(
          output, ranks: ranks, backend: backend, machines: perMachine,
          ["--set", "distributed.coordinator=\(coordinator)", "--set", "distributed.exchange=\(exchange)"])
        #expect(outcome.exitCode == 0, "\(outcome.tail)")
        #expect(try training.digest(output) == expected, "\(output) differs")
      }
    }

    /// Other numbers of ranks cut the images into other batches too.
    @Test(arguments: ["portable", "onednn"]) func evaluationIsTheSameForAnyNumberOfRanks(backend: String) throws {
      let one = try train("one", ranks: 0, backend: backend)
      if backend == "onednn", one.exitCode == 78 { return }
      try #require(one.exitCode == 0, "\(one.tail)")
      var texts: Set<String> = []
      for ranks in [0, 1, 2, 3, 4] {
        let json = training.folder.file("evaluation-\(ranks).json")
        let outcome = try MPILauncher(ranks: ranks).run(
          "fcn-dist",
          [
            "evaluate", "--checkpoint", training.path("one") + "/checkpoints/latest.h5", "--data", training.data,
            "--json", json,
            "--backend", backend,
          ])
        #expect(outcome.exitCode == 0, "\(outcome.tail)")
        texts.insert(try String(contentsOfFile: json, encoding: .utf8))
      }
      #expect(texts.count == 1)
      #expect(texts.first?.contains("\"images\"") == true)
    }

    @Test(arguments: [(3, SIGKILL), (4, SIGKILL)]) func aKilledRankEndsTheJobAndNothingIsLost(
      ranks: Int, signal: Int32
    ) throws {
      try #require(try train("one", ranks: 0).exitCode == 0)
      // Killed once the checkpoint of step 5 is there.
      let checkpoint = training.checkpoint("killed", step: 5)
      var isKilled = false
      let killed = try train("killed", ranks: ranks, ["--set", "train.steps=4000", "--set", "train.keep=1000"]) {
        launcher in
        if !isKilled, FileManager.default.fileExists(atPath: checkpoint),
          let victim = MPILauncher.children(of: launcher).last
        {
          isKilled = kill(victim, signal) == 0
        }
      }
      #expect(isKilled)
      #expect(!killed.isTimedOut)
      #expect(killed.exitCode != 0)
      // The longer plan is another training: what matters is that this one goes on to the same end.
      for step in 6...4000 {
        try? FileManager.default.removeItem(atPath: training.checkpoint("killed", step: step))
      }
      let resumed = try train("killed", ranks: 2, ["--resume", "auto"])
      #expect(resumed.exitCode == 0, "\(resumed.tail)")
      #expect(try training.digest("killed") == training.digest("one"))
    }

    @Test(arguments: [1, 2, 4]) func aRequestToStopIsAgreedOnAndLeavesACheckpoint(ranks: Int) throws {
      try #require(try train("one", ranks: 0).exitCode == 0)
      let metrics = training.path("stopped") + "/metrics.jsonl"
      var isSignalled = false
      let stopped = try train("stopped", ranks: ranks) { launcher in
        if !isSignalled, (try? String(contentsOfFile: metrics, encoding: .utf8))?.contains("\"step\": 1") == true,
          let rank = MPILauncher.children(of: launcher).last
        {
          isSignalled = kill(rank, SIGUSR1) == 0
        }
      }
      // A very fast machine may have finished before.
      if stopped.exitCode != 0 {
        #expect(isSignalled)
        #expect(stopped.exitCode == 75, "\(stopped.tail)")
        let resumed = try train("stopped", ranks: 3, ["--resume", "auto"])
        #expect(resumed.exitCode == 0, "\(resumed.tail)")
      }
      #expect(try training.digest("stopped") == training.digest("one"))
    }

    /// The second rank has another learning rate, other images, or a build of its own.
    @Test(arguments: [
      ("the configuration", "'learning_rate: 0.003'"), ("the training data", "rank 1 has"),
      ("the program's file", "bytes, CRC-32C"),
    ]) func ranksThatDisagreeSayOnWhat(item: String, words: String) throws {
      let program = try TestedPackage.program("fcn-dist")
      var other = ["-n", "1", program] + training.arguments("disagreeing")
      switch item {
      case "the configuration": other += ["--set", "optimizer.learning_rate=0.003"]
      case "the training data":
        let others = try TinyTraining(train: 8)
        try FileManager.default.copyItem(atPath: others.data, toPath: training.folder.file("others"))
        other += ["--data", training.folder.file("others")]
      default:
        other[2] = training.folder.file("fcn-dist")
        try FileManager.default.copyItem(atPath: program, toPath: other[2])
        let build = try #require(FileHandle(forUpdatingAtPath: other[2]))
        try build.seekToEnd()
        try build.write(contentsOf: Data([0]))
        try build.close()
      }
      let outcome = try MPILauncher(ranks: 0).run(
        try #require(MPILauncher.mpirun),
        ["--oversubscribe", "--bind-to", "none", "-n", "1", program] + training.arguments("disagreeing") + [":"] + other
      )
      #expect(outcome.exitCode == 78, "\(outcome.tail)")
      #expect(outcome.errorLines.count == 1, "\(outcome.tail)")
      #expect(outcome.errorLines.first?.contains("do not agree on \(item): rank 0 has") == true, "\(outcome.tail)")
      #expect(outcome.errorLines.first?.contains(words) == true, "\(outcome.tail)")
    }

    /// A link that a training moves while the machines open it.
    @Test func machinesDoNotEvaluateDifferentParameters() throws {
      try #require(try train("one", ranks: 0).exitCode == 0)
      let program = try TestedPackage.program("fcn-dist")
      func evaluation(ofStep step: Int) -> [String] {
        [
          "-n", "1", program, "evaluate", "--checkpoint", training.checkpoint("one", step: step), "--data",
          training.data,
        ]
      }
      let outcome = try MPILauncher(ranks: 0, environment: ["FCN_DIST_RANKS_PER_MACHINE": "1"]).run(
        try #require(MPILauncher.mpirun),
        ["--oversubscribe", "--bind-to", "none"] + evaluation(ofStep: 10) + [":"] + evaluation(ofStep: 5))
      #expect(outcome.exitCode == 78, "\(outcome.tail)")
      #expect(outcome.errorLines.first?.contains("the ranks do not agree on the parameters") == true, "\(outcome.tail)")
    }

    @Test(arguments: [1, 3]) func aDamagedImageEndsTheJobWithItsName(ranks: Int) throws {
      let shard = try #require(
        FileManager.default.contentsOfDirectory(atPath: training.data).filter { $0.hasPrefix("train") }.sorted().first)
      let handle = try #require(FileHandle(forUpdatingAtPath: training.data + "/" + shard))
      try handle.seek(toOffset: 12_000)
      let byte = try #require(try handle.read(upToCount: 1)?.first)
      try handle.seek(toOffset: 12_000)
      try handle.write(contentsOf: Data([byte ^ 1]))
      try handle.close()
      let outcome = try train("damaged", ranks: ranks)
      #expect(outcome.exitCode == 65, "\(outcome.tail)")
      #expect(outcome.errorLines.count == 1, "\(outcome.tail)")
      #expect(outcome.errorLines.first?.contains(shard) == true, "\(outcome.tail)")
    }

    @Test func aSecondJobInTheSameFolderIsRefused() throws {
      let metrics = training.path("busy") + "/metrics.jsonl"
      var second: MPILauncher.Outcome?
      let first = try train("busy", ranks: 1, ["--set", "train.steps=100000"]) { launcher in
        guard second == nil, FileManager.default.fileExists(atPath: metrics) else { return }
        second = try? train("busy", ranks: 2, ["--resume", "auto"])
        if let rank = MPILauncher.children(of: launcher).last { kill(rank, SIGTERM) }
      }
      #expect(first.exitCode == 75, "\(first.tail)")
      #expect(second?.exitCode == 73, "\(second?.tail ?? "not started")")
      #expect(second?.errorLines.first?.contains("is training in") == true)
    }
  }
}
