import TestSupport
import Testing

/// A short run of `fuzz/run`, always with the same cases. docs/faults.md has the long ones.
@Suite struct FuzzTests {
  @Test(
    .enabled(if: Python.hasH5py && Python.hasPillow, "needs python3 with h5py, numpy and Pillow"),
    arguments: [
      ("shards", 150), ("instance-shards", 100), ("checkpoints", 100), ("regions", 60), ("pictures", 100),
      ("annotations", 120), ("instances", 120), ("arrays", 80),
      ("configurations", 60), ("command-lines", 80),
    ])
  func damagedInputEndsInOneLine(subject: String, cases: Int) throws {
    try withTool { tool in
      let outcome = try Subprocess.run([
        TestedPackage.folder + "/fuzz/run", subject, "--cases", "\(cases)", "--seed", "2", "--keep",
        tool.folder + "/findings", "--program", try TestedPackage.program("fcn-dist"),
      ])
      let text = outcome.output + outcome.errors
      #expect(outcome.exitCode == 0 && text.contains(": \(cases) cases with seed 2 in "), "\(text)")
      // Both good and bad cases are among them, except where nothing can be good.
      if subject != "configurations" { #expect(text.contains("with 0, "), "\(text)") }
    }
  }
}
