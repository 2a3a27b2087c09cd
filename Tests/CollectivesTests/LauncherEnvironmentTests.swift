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

  @Test func firstProcessSpeaks() {
    #expect(LauncherEnvironment(["PMI_SIZE": "2", "PMI_RANK": "0"]).isFirstProcess)
    #expect(!LauncherEnvironment(["PMI_SIZE": "2", "PMI_RANK": "1"]).isFirstProcess)
    #expect(!LauncherEnvironment(["SLURM_STEP_NUM_TASKS": "4", "SLURM_PROCID": "3"]).isFirstProcess)
    #expect(LauncherEnvironment([:]).isFirstProcess)
  }
}
