import Basics
import Collectives

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What Open MPI is told before it starts, because what it would find out by itself ends in an error.
package enum StartEnvironment {
  private static let remoteShell = "OMPI_MCA_plm_rsh_agent"

  /// To be called before MPI starts.
  ///
  /// - Throws: `Failure(.usage)` where MPI could not start.
  static func prepare(_ launcher: LauncherEnvironment) throws {
    if let failure = launcher.failureBeforeStart(library: MPILibrary.version) { throw failure }
    declareMissingRemoteShell()
    guard launcher.isAlone else { return }
    // What srun left would make Open MPI look for a server that is not there or is not this process's.
    for name in launcher.misleadingNames { unsetenv(name) }
    // Without it a daemon is started for this one process, which looks for a remote shell.
    setenv("OMPI_MCA_ess_singleton_isolated", "1", 0)
  }

  /// Open MPI wants ssh or rsh even where all processes are on this machine, and slim containers have none of them.
  /// mpirun, started from here, finds this too.
  package static func declareMissingRemoteShell() {
    guard ProcessEnvironment.string(remoteShell) == nil, ProcessEnvironment.string("OMPI_MCA_orte_rsh_agent") == nil
    else { return }
    let folders = (ProcessEnvironment.string("PATH") ?? "").split(separator: ":", omittingEmptySubsequences: true)
    let isThere = folders.contains { access("\($0)/ssh", X_OK) == 0 || access("\($0)/rsh", X_OK) == 0 }
    if !isThere { setenv(remoteShell, "/bin/false", 1) }
  }
}
