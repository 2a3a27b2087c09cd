import Basics

/// What a launcher (mpirun, srun, …) left in the environment about the job it started.
///
/// A program linked to one MPI and started by another one's launcher finds itself alone: every process trains the whole
/// model, all of them write the same files, and nothing says so. The environment does.
package struct LauncherEnvironment: Sendable {
  private let variables: [String: String]

  package init(_ variables: [String: String]) { self.variables = variables }

  private struct Launcher {
    let name: String
    let size: String
    let rank: String
  }

  /// Launchers by the variables that they set for each process, the most specific first. Slurm's is the size of the
  /// step: SLURM_NTASKS is also set in the shell of an allocation, where a single process is perfectly right.
  private static let launchers = [
    Launcher(name: "Open MPI's mpirun", size: "OMPI_COMM_WORLD_SIZE", rank: "OMPI_COMM_WORLD_RANK"),
    Launcher(name: "MVAPICH's launcher", size: "MV2_COMM_WORLD_SIZE", rank: "MV2_COMM_WORLD_RANK"),
    Launcher(name: "Intel MPI's mpirun", size: "MPI_LOCALNRANKS", rank: "MPI_LOCALRANKID"),
    Launcher(name: "a PMI launcher (mpiexec of MPICH or Intel MPI, or srun)", size: "PMI_SIZE", rank: "PMI_RANK"),
    Launcher(name: "PALS", size: "PALS_LOCAL_SIZE", rank: "PALS_LOCAL_RANKID"),
    Launcher(name: "Slurm's srun", size: "SLURM_STEP_NUM_TASKS", rank: "SLURM_PROCID"),
  ]

  /// How Open MPI's processes reach whoever started them: mpirun's daemon, or srun --mpi=pmix|pmi2.
  private static let reachableLaunchers = [
    "OMPI_COMM_WORLD_SIZE", "PMIX_NAMESPACE", "PMIX_RANK", "PMI_FD", "PMI_SIZE", "PMI_RANK",
  ]
  private static let slurmStep = "SLURM_STEP_ID"
  private static let prefixes = ["PMIX_", "PMI_"]

  private static let names =
    launchers.flatMap { [$0.size, $0.rank] } + reachableLaunchers + ["PALS_RANKID", "FLUX_JOB_SIZE", slurmStep]

  /// The variables of this process that matter here.
  package static func current() -> LauncherEnvironment {
    var variables: [String: String] = [:]
    for name in names { variables[name] = ProcessEnvironment.string(name) }
    for name in ProcessEnvironment.names where prefixes.contains(where: { name.hasPrefix($0) }) {
      variables[name] = ProcessEnvironment.string(name)
    }
    return LauncherEnvironment(variables)
  }

  /// Tasks of the Slurm step that this process is in; nil outside of one.
  private var slurmTaskCount: Int? {
    variables[Self.slurmStep] == nil ? nil : variables["SLURM_STEP_NUM_TASKS"].flatMap { Int($0) } ?? 1
  }

  /// Is this process the only one of its job, before MPI has said so? In a Slurm step of one task it is, whatever srun
  /// left in the environment: the shell of `srun --pty bash` hands that on to every program.
  package var isAlone: Bool {
    if variables["OMPI_COMM_WORLD_SIZE"] != nil { return false }
    return slurmTaskCount == 1 || Self.reachableLaunchers.allSatisfy { variables[$0] == nil }
  }

  /// What a process that is alone had better not see: it makes Open MPI look for who started it.
  package var misleadingNames: [String] {
    let found = variables.keys.filter { name in
      name == Self.slurmStep || Self.prefixes.contains { name.hasPrefix($0) }
    }
    return slurmTaskCount == nil ? [] : found.sorted()
  }

  /// Why MPI cannot start, or nil where it can: Open MPI ends a process that srun started without PMI by a page of its
  /// own words.
  package func failureBeforeStart(library: String) -> Failure? {
    guard let count = slurmTaskCount, count > 1, Self.reachableLaunchers.allSatisfy({ variables[$0] == nil }) else {
      return nil
    }
    return Failure(
      .usage,
      "Slurm's srun started \(count) processes (SLURM_STEP_NUM_TASKS=\(count)) and gave them no way to find each other "
        + "(\(library) wants PMIx)",
      remedy:
        "start them with 'srun --mpi=pmix' ('srun --mpi=list' shows what this cluster has) or with mpirun; in the "
        + "shell of 'srun --pty' one process starts with 'mpirun -n 1'")
  }

  /// Why a process that MPI says is alone should not go on, or nil where all is well.
  ///
  /// - Parameters:
  ///   - worldSize: the number of ranks that MPI knows.
  ///   - library: the MPI library's own name and version.
  package func failure(worldSize: Int, library: String) -> Failure? {
    guard worldSize == 1 else { return nil }
    // The innermost launcher is Open MPI's own: what the ones around it left does not matter.
    if variables["OMPI_COMM_WORLD_SIZE"] == "1" { return nil }
    for launcher in Self.launchers {
      guard let size = variables[launcher.size].flatMap({ Int($0) }), size > 1 else { continue }
      return Failure(
        .usage,
        "\(launcher.name) started \(size) processes (\(launcher.size)=\(size)), but MPI finds only one: "
          + "the launcher does not belong to the MPI library of this program (\(library))",
        remedy: launcher.rank == "SLURM_PROCID"
          ? "start it with 'srun --mpi=pmix' ('srun --mpi=list' shows what this cluster has) or with the mpirun of "
            + "that library"
          : "start it with the mpirun of that library (/usr/bin/mpirun where it is the system's), or build fcn-dist "
            + "against the MPI whose launcher you use")
    }
    return nil
  }

  /// Is this the process that should speak for the launcher's processes? Each believes that it is rank 0.
  package var isFirstProcess: Bool {
    for launcher in Self.launchers {
      guard let size = variables[launcher.size].flatMap({ Int($0) }), size > 1 else { continue }
      return (variables[launcher.rank].flatMap { Int($0) } ?? 0) == 0
    }
    return true
  }
}
