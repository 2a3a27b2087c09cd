import Foundation
import TestSupport

/// Runs the tool that was built beside the tests, as one process without mpirun.
struct Tool {
  typealias Outcome = Subprocess.Outcome

  /// Where the tool runs.
  let folder: String

  /// - Parameter arguments: as on the command line, cut at blanks.
  @discardableResult
  func callAsFunction(_ arguments: String, environment: [String: String] = [:]) throws -> Outcome {
    try callAsFunction(arguments.split(separator: " ").map(String.init), environment: environment)
  }

  @discardableResult
  func callAsFunction(_ arguments: [String], environment: [String: String] = [:]) throws -> Outcome {
    let own = ProcessInfo.processInfo.environment.filter { entry in
      !["OMPI_", "PMIX_", "PMI_", "SLURM_", "FCN_DIST_"].contains { entry.key.hasPrefix($0) }
    }
    let given = ["OMP_NUM_THREADS": "1", "OMPI_MCA_mpi_yield_when_idle": "1"].merging(environment) { $1 }
    return try Subprocess.run(
      [try TestedPackage.program("fcn-dist")] + arguments, environment: own.merging(given) { $1 }, folder: folder)
  }
}

/// Calls `body` with the tool in an empty folder, which is removed afterwards.
func withTool(_ body: (Tool) throws -> Void) throws {
  let folder = TemporaryFolder()
  try withExtendedLifetime(folder) { try body(Tool(folder: folder.path)) }
}
