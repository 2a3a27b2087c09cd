import Foundation
import Testing

/// Everything that starts several processes, one test after another: they share the cores of the machine that runs them.
@Suite(.serialized, .enabled(if: MPILauncher.mpirun != nil, "mpirun is not installed"))
struct ParallelTests {}
