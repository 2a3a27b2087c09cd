import Foundation
import Testing

/// A short run of `fuzz/run`, always with the same cases. docs/faults.md has the long ones.
@Suite struct FuzzTests {
  static let hasModules = python("import h5py, numpy, PIL") != nil

  @Test(
    .enabled(if: hasModules, "needs python3 with h5py, numpy and Pillow"),
    arguments: [
      ("shards", 150), ("checkpoints", 100), ("pictures", 100), ("configurations", 60), ("command-lines", 80),
    ])
  func damagedInputEndsInOneLine(subject: String, cases: Int) throws {
    try withTool { tool in
      let process = Process()
      process.executableURL = URL(fileURLWithPath: packageRoot + "/fuzz/run")
      process.arguments = [
        subject, "--cases", "\(cases)", "--seed", "2", "--keep", tool.folder + "/findings", "--program",
        try Tool.path(),
      ]
      let output = Pipe()
      process.standardOutput = output
      process.standardError = output
      try process.run()
      let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      #expect(process.terminationStatus == 0 && text.contains(": \(cases) cases with seed 2 in "), "\(text)")
      // Both good and bad cases are among them, except where nothing can be good.
      if subject != "configurations" { #expect(text.contains("with 0, "), "\(text)") }
    }
  }
}
