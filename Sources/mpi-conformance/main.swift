// Run by mpirun from the tests: mpi-conformance CASE [ARGUMENT …]
import Basics
import Collectives
import Conformance
import MPITransport

let arguments = Array(CommandLine.arguments.dropFirst())

withMPI { group -> Int32 in
  guard let name = arguments.first else {
    throw Failure(.usage, "no case was named", remedy: "choose one of: \(ProcessCase.names.joined(separator: ", "))")
  }
  if let conformance = ConformanceCase.named(name) {
    try conformance.run(group)
  } else if name == "all" {
    for conformance in ConformanceCase.all { try conformance.run(group) }
  } else if let process = ProcessCase.named(name) {
    return try process.run(group, Array(arguments.dropFirst()))
  } else {
    throw Failure(.usage, "there is no case '\(name)'")
  }
  // Whatever a case made it has also freed: the world is left, and the flag that decides who reports an error.
  try expect(MPILibrary.liveCommunicatorCount == 1, "one communicator, not \(MPILibrary.liveCommunicatorCount)")
  if group.isCoordinator { Diagnostic.line("\(name): good on \(group.size)") }
  return 0
}
