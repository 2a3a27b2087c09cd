import Foundation
import TestSupport
import Testing

extension ParallelTests {
  /// Machines of two kinds, played by oneDNN's own limit of the instruction set.
  @Suite struct InstructionSets {
    private static let limit = ["ONEDNN_MAX_CPU_ISA": "AVX2"]

    /// Whether oneDNN is there and has more than AVX2 to use here.
    private static let hasTwoKinds: Bool = {
      func backend(_ environment: [String: String]) -> String? {
        let outcome = try? MPILauncher(ranks: 0, environment: environment).run(
          "fcn-dist", ["doctor", "--backend", "onednn"])
        return outcome?.output.split(separator: "\n").first { $0.contains("oneDNN") }.map(String.init)
      }
      guard let own = backend([:]), let limited = backend(limit) else { return false }
      return own != limited
    }()

    @Test(.enabled(if: hasTwoKinds, "needs oneDNN and more than AVX2")) func ranksWithDifferentOnesAreRefused() throws {
      let training = try TinyTraining(backend: "onednn")
      let program = try TestedPackage.program("fcn-dist")
      let outcome = try MPILauncher(ranks: 0).run(
        try #require(MPILauncher.mpirun),
        ["--oversubscribe", "--bind-to", "none", "-n", "1", program] + training.arguments("run")
          + [":", "-n", "1", "env", "ONEDNN_MAX_CPU_ISA=AVX2", program] + training.arguments("run"))
      #expect(outcome.exitCode == 78, "\(outcome.tail)")
      #expect(outcome.errorLines.count == 1, "\(outcome.tail)")
      let line = outcome.errorLines.first ?? ""
      #expect(line.contains("the ranks do not agree on the backend: rank 0 has"), "\(line)")
      #expect(line.contains(":avx2:") && line.contains("on machines of one kind"), "\(line)")
    }

    @Test(.enabled(if: hasTwoKinds, "needs oneDNN and more than AVX2")) func aResumeOnAnotherOneSaysSo() throws {
      let training = try TinyTraining(backend: "onednn")
      let begun = try training.train("run", environment: ["FCN_DIST_FAULT": "kill@0:8"])
      #expect(begun.exitCode == 137, "\(begun.tail)")
      let resumed = try training.train("run", environment: Self.limit, ["--resume", "auto"])
      #expect(resumed.exitCode == 0, "\(resumed.tail)")
      let lines = resumed.output.split(separator: "\n").filter { $0.contains("not bit-equal") }
      #expect(lines.count == 1, "\(resumed.tail)")
      #expect(lines.first?.contains("the instruction set (") == true, "\(lines)")
      #expect(lines.first?.contains(", avx2 here)") == true && lines.first?.contains("threads") == false, "\(lines)")
    }

    @Test func aResumeWithOtherThreadsOrBackendSaysSo() throws {
      let training = try TinyTraining()
      let good = try training.goodDigest()
      let checkpoint = training.path("good") + "/checkpoints/step-000000006.h5"
      let micro = try training.train("other", ["--resume", checkpoint, "--set", "batch.micro=2"])
      #expect(micro.exitCode == 0, "\(micro.tail)")
      #expect(
        micro.output.contains("from here on not bit-equal to the run before: batch.micro (1 there, 2 here)\n"),
        "\(micro.tail)")
      // The portable backend's bits do not depend on threads, nor on ranks.
      let threads = try training.train("run", ranks: 2, ["--resume", checkpoint, "--threads", "2"])
      #expect(threads.exitCode == 0 && threads.output.contains("resuming after step 6"), "\(threads.tail)")
      #expect(!threads.output.contains("not bit-equal"), "\(threads.tail)")
      #expect(try training.digest("run") == good)
    }
  }
}
