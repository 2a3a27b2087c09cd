import Foundation

/// A program that is run to its end.
package enum Subprocess {
  package struct Outcome: Sendable {
    package let exitCode: Int32
    package let output: String
    package let errors: String
  }

  /// Runs `command`, whose first word is looked for as a shell does, without input.
  ///
  /// Output and errors go to files, so that neither can fill up while the other is read.
  ///
  /// - Parameters:
  ///   - environment: instead of this process's own.
  ///   - folder: where it runs; nil: where the tests run.
  package static func run(
    _ command: [String], environment: [String: String]? = nil, folder: String? = nil
  ) throws -> Outcome {
    let scratch = TemporaryFolder()
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    if let environment { process.environment = environment }
    if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
    for name in ["output", "errors"] { try writeBytes([], to: scratch.file(name)) }
    process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: scratch.file("output")))
    process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: scratch.file("errors")))
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return Outcome(
      exitCode: process.terminationStatus, output: scratch.text("output"), errors: scratch.text("errors"))
  }
}
