import Basics
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Starts fcn-dist as a job of its own, as people do.
struct ExactnessJob {
  /// mpirun and its options.
  let launcher: [String]
  let arguments: [String]
  let environment: [String: String]
  /// Where its output goes.
  let log: String

  /// - Parameter ranks: 0 is one process without the launcher.
  /// - Throws: where it does not end well, with its own words.
  func finish(ranks: Int, name: String) throws {
    let code = try start(ranks: ranks)
    guard code == 0 else {
      let lines = (try? String(contentsOfFile: log, encoding: .utf8))?.split(separator: "\n") ?? []
      let error = lines.last { $0.hasPrefix("fcn-dist: error: ") }?.dropFirst("fcn-dist: error: ".count)
      throw Failure(
        .internalError, "the job \"\(name)\" ended with code \(code): \(error ?? lines.last ?? "no word")",
        remedy: "look at it with 'fcn-dist doctor' under mpirun")
    }
  }

  /// Waits for the end.
  ///
  /// - Returns: the exit code as a shell gives it.
  func start(ranks: Int) throws -> Int32 {
    let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let launcher = ranks == 0 ? [] : launcher + ["-n", "\(ranks)"]
    guard FileManager.default.createFile(atPath: log, contents: nil), let file = FileHandle(forWritingAtPath: log)
    else {
      throw Failure(.cannotCreate, "cannot create \(log)")
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = launcher + [program] + arguments
    var variables = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
    variables["OMPI_MCA_mpi_yield_when_idle"] = "1"
    if geteuid() == 0 {
      variables["OMPI_ALLOW_RUN_AS_ROOT"] = "1"
      variables["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1"
    }
    process.environment = variables
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = file
    process.standardError = file
    try process.run()
    process.waitUntilExit()
    return process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
  }
}
