import Testing

extension ParallelTests {
  @Suite struct ExactnessCommand {
    private func run(_ environment: [String: String] = [:], ranks: Int = 0) throws -> MPILauncher.Outcome {
      try MPILauncher(ranks: ranks, timeout: 300, environment: environment).run(
        "fcn-dist", ["verify-exactness", "--backend", "portable"])
    }

    @Test func allJobsOfAKindHaveOneDigest() throws {
      let outcome = try run()
      #expect(outcome.exitCode == 0, "\(outcome.tail)")
      #expect(outcome.output.contains("exact: 70 jobs, one digest for each kind"), "\(outcome.tail)")
      let lines = outcome.output.split(separator: "\n").filter { $0.hasPrefix("same ") }
      #expect(lines.count == 70, "\(outcome.tail)")
      // Training, training that stops early, evaluation and prediction, three each of a classifier and of Mask R-CNN,
      // layers, averages and losses, scales, and ResNet-50: thirteen digests.
      #expect(Set(lines.map { $0.split(separator: " ")[1] }).count == 13, "\(outcome.tail)")
    }

    /// Where rank 1's gradient is broken once, whoever has a rank 1 leaves the step out.
    @Test func aDifferenceIsSeen() throws {
      let outcome = try run(["FCN_DIST_FAULT": "nan@1:3"])
      #expect(outcome.exitCode == 70, "\(outcome.tail)")
      #expect(outcome.output.contains("OTHER"), "\(outcome.tail)")
      #expect(outcome.errorLines.first?.contains("came to other bits than one process alone") == true)
    }

    @Test func refusesToRunUnderMPI() throws { #expect(try run(ranks: 2).exitCode == 64) }
  }
}
