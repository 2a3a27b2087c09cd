import Basics
import Collectives
import Testing

@Suite struct LauncherEnvironmentTests {
  private func failure(_ variables: [String: String], worldSize: Int = 1) -> Failure? {
    LauncherEnvironment(variables).failure(worldSize: worldSize, library: "Open MPI v4.1.4")
  }

  @Test(arguments: [
    ["OMPI_COMM_WORLD_SIZE": "2"], ["PMI_SIZE": "8"], ["MPI_LOCALNRANKS": "2"], ["MV2_COMM_WORLD_SIZE": "4"],
    ["PALS_LOCAL_SIZE": "4"], ["SLURM_STEP_NUM_TASKS": "16", "SLURM_PROCID": "3"],
  ])
  func refusesWhatAnotherLauncherStarted(variables: [String: String]) throws {
    let refusal = try #require(failure(variables))
    #expect(refusal.kind == .usage)
    #expect(refusal.message.contains("Open MPI v4.1.4"))
    #expect(refusal.remedy?.isEmpty == false)
  }

  @Test func worldOfSeveralIsAlwaysRight() {
    #expect(failure(["PMI_SIZE": "8", "SLURM_STEP_NUM_TASKS": "2"], worldSize: 2) == nil)
  }

  @Test(arguments: [
    [:], ["OMPI_COMM_WORLD_SIZE": "1"], ["PMI_SIZE": "1"], ["PMI_SIZE": "many"],
    // The shell of salloc, and a script of sbatch.
    ["SLURM_NTASKS": "8", "SLURM_JOB_ID": "1"], ["SLURM_NTASKS": "8", "SLURM_PROCID": "0", "SLURM_JOB_ID": "1"],
    // mpirun -n 1 inside a step of two tasks, one for each machine's daemon.
    ["OMPI_COMM_WORLD_SIZE": "1", "SLURM_STEP_NUM_TASKS": "2"],
  ])
  func singleProcessIsRight(variables: [String: String]) {
    #expect(failure(variables) == nil)
  }

  /// The shell of `srun --pty bash`, with what each of Slurm's ways to start MPI leaves in it.
  @Test(arguments: [
    [:], ["PMI_FD": "9", "PMI_RANK": "0", "PMI_SIZE": "1", "PMI_JOBID": "1.0"],
    ["PMIX_NAMESPACE": "slurm.pmix.1.0", "PMIX_RANK": "0", "PMIX_SERVER_URI2": "x"],
  ])
  func aStepOfOneTaskIsAlone(left: [String: String]) {
    for tasks in [["SLURM_STEP_NUM_TASKS": "1"], [:]] {
      let launcher = LauncherEnvironment(
        left.merging(["SLURM_STEP_ID": "0", "SLURM_PROCID": "0"]) { $1 }.merging(tasks) { $1 })
      #expect(launcher.isAlone)
      #expect(launcher.failureBeforeStart(library: "Open MPI") == nil)
      #expect(launcher.misleadingNames == (left.keys + ["SLURM_STEP_ID"]).sorted())
    }
  }

  /// mpirun in that shell, and srun --mpi=pmix.
  @Test(arguments: [
    ["OMPI_COMM_WORLD_SIZE": "1", "SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "1", "PMIX_RANK": "0"],
    ["PMIX_RANK": "1", "PMIX_NAMESPACE": "slurm", "SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "4"],
    ["PMI_RANK": "1", "PMI_SIZE": "4", "SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "4"],
    ["PMI_RANK": "1", "PMI_SIZE": "4"],
  ])
  func aLauncherThatCanBeReachedIsAsked(variables: [String: String]) {
    let launcher = LauncherEnvironment(variables)
    #expect(!launcher.isAlone)
    #expect(launcher.failureBeforeStart(library: "Open MPI") == nil)
  }

  @Test func tasksThatCannotFindEachOtherAreRefused() throws {
    let launcher = LauncherEnvironment(["SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "4", "SLURM_PROCID": "2"])
    let failure = try #require(launcher.failureBeforeStart(library: "Open MPI v4.1.4"))
    #expect(failure.kind == .usage && failure.remedy?.contains("srun --mpi=pmix") == true)
    #expect(!launcher.isFirstProcess)
  }

  @Test(arguments: [[:], ["SLURM_NTASKS": "8", "SLURM_JOB_ID": "1"]]) func outsideOfStepsNothingIsHidden(
    variables: [String: String]
  ) {
    #expect(LauncherEnvironment(variables).isAlone)
    #expect(LauncherEnvironment(variables).misleadingNames.isEmpty)
  }

  @Test func firstProcessSpeaks() {
    #expect(LauncherEnvironment(["PMI_SIZE": "2", "PMI_RANK": "0"]).isFirstProcess)
    #expect(!LauncherEnvironment(["PMI_SIZE": "2", "PMI_RANK": "1"]).isFirstProcess)
    #expect(!LauncherEnvironment(["SLURM_STEP_NUM_TASKS": "4", "SLURM_PROCID": "3"]).isFirstProcess)
    #expect(LauncherEnvironment([:]).isFirstProcess)
  }
}
