import Foundation
import TestSupport
import Testing

extension ParallelTests {
  /// Where Open MPI would give up, because of what is or is not there: real processes in a made environment.
  @Suite struct StartEnvironment {
    /// What srun sets for a task; the shell of `srun --pty bash` hands it on.
    private static func slurm(tasks: Int, rank: Int = 0) -> [String: String] {
      let host = ProcessInfo.processInfo.hostName
      return [
        "SLURM_JOB_ID": "1", "SLURM_JOBID": "1", "SLURM_NODELIST": host, "SLURM_JOB_NODELIST": host,
        "SLURM_STEP_ID": "0", "SLURM_STEPID": "0", "SLURM_STEP_NUM_TASKS": "\(tasks)", "SLURM_PROCID": "\(rank)",
        "SLURM_LOCALID": "\(rank)", "SLURM_NTASKS": "\(tasks)", "SLURM_TASKS_PER_NODE": "\(tasks)",
        "SLURM_NNODES": "1",
      ]
    }

    @Test(
      arguments: [
        [:], ["PMI_FD": "9", "PMI_RANK": "0", "PMI_SIZE": "1"],
        ["PMIX_NAMESPACE": "slurm.pmix.1.0", "PMIX_RANK": "0", "PMIX_SERVER_URI2": "slurm.pmix;tcp4://127.0.0.1:9"],
      ])
    func theShellOfSrunRunsOneProcess(left: [String: String]) throws {
      let training = try TinyTraining()
      let environment = Self.slurm(tasks: 1).merging(left) { $1 }
      let trained = try training.train("run", environment: environment, ["--set", "train.steps=1"])
      #expect(trained.exitCode == 0, "\(trained.tail)")
      let checkpoint = training.path("run") + "/checkpoints/latest.h5"
      for command in [
        ["doctor", "--data", training.data], ["evaluate", "--checkpoint", checkpoint, "--data", training.data],
        [
          "predict", "--checkpoint", checkpoint, "--data", training.data, "--split", "val", "--output",
          training.path("out"),
        ],
        ["benchmark", "loader", "--data", training.data, "--repeats", "1"],
      ] {
        let outcome = try MPILauncher(ranks: 0, environment: environment).run("fcn-dist", command)
        #expect(outcome.exitCode == 0, "\(command): \(outcome.tail)")
        #expect(!outcome.errors.contains("srun"), "\(command): \(outcome.tail)")
      }
    }

    @Test(arguments: [0, 3]) func tasksOfSrunThatCannotFindEachOtherAreTold(rank: Int) throws {
      let outcome = try MPILauncher(ranks: 0, environment: Self.slurm(tasks: 4, rank: rank)).run("fcn-dist", ["doctor"])
      #expect(outcome.exitCode == 64, "\(outcome.tail)")
      #expect(outcome.errors.split(separator: "\n").count == (rank == 0 ? 1 : 0), "\(outcome.tail)")
      #expect(rank != 0 || outcome.errors.contains("srun --mpi=pmix"), "\(outcome.tail)")
    }

    @Test func oneProcessNeedsNoRemoteShell() throws {
      let training = try TinyTraining()
      let outcome = try training.train("run", environment: ["PATH": "/nowhere"], ["--set", "train.steps=1"])
      #expect(outcome.exitCode == 0, "\(outcome.tail)")
      #expect(!outcome.errors.contains("plm_rsh_agent"), "\(outcome.tail)")
    }

    /// mpirun is not this program: what it needs is in launch/environment, which the scripts read.
    @Test func ranksOfOneMachineNeedNoRemoteShell() throws {
      let programs = SystemPrograms.folder(without: ["ssh", "rsh", "slogin"])
      let tool = try TestedPackage.program("fcn-dist")
      let outcome = try MPILauncher(ranks: 0, environment: ["PATH": programs.path]).run(
        "/bin/bash",
        [
          "-c",
          ". \(TestedPackage.folder)/launch/environment; mpirun -n 2 --oversubscribe --bind-to none \(tool) doctor",
        ])
      #expect(outcome.exitCode == 0, "\(outcome.tail)")
      #expect(outcome.output.contains("2 ranks on 1 machine"), "\(outcome.tail)")
      #expect(!outcome.errors.contains("plm_rsh_agent"), "\(outcome.tail)")
    }
  }
}
