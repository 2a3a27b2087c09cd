import Foundation
import Testing

/// The package's root folder.
let packageRoot = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent().path

/// Runs the tool that was built beside the tests, as one process without mpirun.
struct Tool {
  struct Outcome {
    let exitCode: Int32
    let output: String
    let errors: String
  }

  /// Where the tool runs.
  let folder: String

  /// - Parameter arguments: as on the command line, cut at blanks.
  @discardableResult
  func callAsFunction(_ arguments: String, environment: [String: String] = [:]) throws -> Outcome {
    try callAsFunction(arguments.split(separator: " ").map(String.init), environment: environment)
  }

  @discardableResult
  func callAsFunction(_ arguments: [String], environment: [String: String] = [:]) throws -> Outcome {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try Self.path())
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    let own = ProcessInfo.processInfo.environment.filter { entry in
      !["OMPI_", "PMIX_", "PMI_", "SLURM_", "FCN_DIST_"].contains { entry.key.hasPrefix($0) }
    }
    let given = ["OMP_NUM_THREADS": "1", "OMPI_MCA_mpi_yield_when_idle": "1"].merging(environment) { $1 }
    process.environment = own.merging(given) { $1 }
    let name = "\(folder)/.output-\(UUID().uuidString)"
    let (output, errors) = (name + ".out", name + ".err")
    for file in [output, errors] { try Data().write(to: URL(fileURLWithPath: file)) }
    process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
    process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: errors))
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return Outcome(
      exitCode: process.terminationStatus, output: try String(contentsOfFile: output, encoding: .utf8),
      errors: try String(contentsOfFile: errors, encoding: .utf8))
  }

  static func path() throws -> String {
    let bundle = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let folders = ([bundle] + CommandLine.arguments.prefix(1)).map {
      URL(fileURLWithPath: $0).deletingLastPathComponent().path
    }
    let candidates = (folders + [packageRoot + "/.build/release", packageRoot + "/.build/debug"]).map {
      $0 + "/fcn-dist"
    }
    return try #require(candidates.first { FileManager.default.isExecutableFile(atPath: $0) }, "fcn-dist is not built")
  }
}

/// Calls `body` with the tool in an empty folder, which is removed afterwards.
func withTool(_ body: (Tool) throws -> Void) throws {
  let folder = "/tmp/fcn-commands-\(UUID().uuidString.prefix(8))"
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  try body(Tool(folder: folder))
}

/// What `python3` prints for `script`; nil where it is missing or the script fails.
func python(_ script: String, _ arguments: [String] = []) -> String? {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = ["python3", "-c", script] + arguments
  let output = Pipe()
  process.standardOutput = output
  process.standardError = FileHandle.nullDevice
  guard (try? process.run()) != nil else { return nil }
  let data = output.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  return process.terminationStatus == 0 ? String(decoding: data, as: UTF8.self) : nil
}

/// Tests that read files with it are skipped where it is missing.
let hasPython = python("print(1)") != nil
let hasH5py = python("import h5py") != nil
