import Foundation
import TestSupport
import Testing

extension ParallelTests {
  /// What a process that crashes leaves behind.
  @Suite struct CrashRecords {
    /// The second thread must not end the process while the first still writes.
    @Test(arguments: 1...5) func isWholeWhereTwoThreadsCrash(_: Int) throws {
      let folder = TemporaryFolder()
      let outcome = try MPILauncher(ranks: 0, environment: ["TMPDIR": folder.path])
        .run("mpi-conformance", ["crash-together"])
      #expect(outcome.exitCode == 128 + SIGSEGV, "\(outcome.tail)")
      #expect(outcome.seconds < 8)
      let report = folder.text("crash-rank-0.txt")
      #expect(report.contains("crashed (SIGSEGV)"), "\(report)")
      let stack = try #require(report.range(of: "Stack of the thread that crashed:\n"), "\(report)")
      #expect(report[stack.upperBound...].split(separator: "\n").count > 2, "\(report)")
      #expect(outcome.errorLines.count == 1, "\(outcome.tail)")
    }
  }
}
