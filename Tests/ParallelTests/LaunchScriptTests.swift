import Foundation
import TestSupport
import Testing

extension ParallelTests {
  /// The scripts in launch/.
  @Suite struct LaunchScripts {
    private func script(
      _ name: String, _ arguments: [String], environment: [String: String] = [:]
    ) throws -> MPILauncher.Outcome {
      try MPILauncher(ranks: 0, environment: environment).run(
        "/bin/bash", ["\(TestedPackage.folder)/launch/\(name)"] + arguments)
    }

    @Test(
      arguments: [
        "setup", "build", "run", "supervise", "slurm.sbatch", "quickstart", "test", "hosts", "bounded",
      ])
    func helps(name: String) throws {
      let outcome = try script(name, ["--help"])
      #expect(outcome.exitCode == 0, "\(outcome.tail)")
      #expect(outcome.output.contains("launch/\(name)"), "\(outcome.tail)")
      #expect(!outcome.output.contains("set -euo"), "the help ends where the script begins")
    }

    @Test(
      arguments: [
        ("run", []), ("run", ["-n", "x", "--", "a"]), ("supervise", ["--restarts", "x"]),
        ("supervise", ["evaluate"]), ("supervise", ["train"]), ("setup", ["--what"]), ("quickstart", ["--what"]),
      ]
        as [(String, [String])])
    func refusesWhatItDoesNotKnow(name: String, arguments: [String]) throws {
      let outcome = try script(name, arguments)
      #expect(outcome.exitCode == 64, "\(outcome.tail)")
      #expect(outcome.errorLines.count == 1, "\(outcome.tail)")
    }

    /// The ranks that the script starts find as many threads as it says, and their errors' codes come through.
    @Test func startsRanks() throws {
      let program = try TestedPackage.program("mpi-conformance")
      let outcome = try script("run", ["-n", "3", "--threads", "2", "--program", program, "--", "hello"])
      #expect(outcome.exitCode == 0, "\(outcome.tail)")
      #expect(outcome.output.contains("3 ranks on 1 machine, 2 threads each"), "\(outcome.tail)")
      #expect(outcome.errors.components(separatedBy: "of 3 on ").count == 4, "\(outcome.tail)")
      #expect(outcome.errors.components(separatedBy: ", 2 threads, ").count == 4, "\(outcome.tail)")
      #expect(try script("run", ["-n", "2", "--program", program, "--", "throws", "1"]).exitCode == 65)
    }

    /// Ranks are bound only where each can have cores of its own.
    @Test func bindsOnlyWhatFits() throws {
      let program = try TestedPackage.program("mpi-conformance")
      func shown(_ arguments: [String]) throws -> String {
        try script("run", arguments + ["--program", program, "--show", "--", "train"]).output
      }
      let one = try shown(["-n", "1", "--threads", "1"])
      #expect(one.contains("--bind-to core") || one.contains("limited to"), "\(one)")
      let many = try shown(["-n", "2000", "--threads", "4"])
      #expect(many.contains("--bind-to none --oversubscribe") && many.contains("mpi_yield_when_idle"), "\(many)")
    }

    @Test func startsOnTheMachinesOfAHostFile() throws {
      let folder = TemporaryFolder()
      try "node1 slots=2\n\n# spare\nnode2\n".write(toFile: "\(folder.path)/hosts", atomically: true, encoding: .utf8)
      let program = try TestedPackage.program("mpi-conformance")
      let outcome = try script(
        "run",
        [
          "--hostfile", "\(folder.path)/hosts", "--ranks-per-machine", "3", "--threads", "1", "--program", program,
          "--show", "--", "train",
        ])
      #expect(outcome.output.contains("6 ranks on 2 machines"), "\(outcome.tail)")
      #expect(outcome.output.contains("ppr:3:node") && outcome.output.contains("-x OMP_NUM_THREADS"), "\(outcome.tail)")
    }

    /// Slurm's part, played by programs that only say how they were called.
    private func job(code: Int, restarts: Int = 0, arguments: [String]) throws -> MPILauncher.Outcome {
      let folder = TemporaryFolder()
      let programs = [
        "srun": """
        [ "$1" = --mpi=list ] && { echo "MPI plugin types are..."; echo "  pmi2"; echo "  pmix"; exit 0; }
        echo "srun $*"; exit \(code)
        """,
        "scontrol": "echo \"scontrol $*\"",
      ]
      for (name, text) in programs {
        try "#!/bin/sh\n\(text)\n".write(toFile: "\(folder.path)/\(name)", atomically: true, encoding: .utf8)
        chmod("\(folder.path)/\(name)", 0o755)
      }
      let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
      return try script(
        "slurm.sbatch", arguments,
        environment: [
          "PATH": "\(folder.path):\(path)", "FCN_DIST_ROOT": TestedPackage.folder, "SLURM_JOB_ID": "17",
          "SLURM_NTASKS": "8",
          "SLURM_CPUS_PER_TASK": "4", "SLURM_JOB_NODELIST": "node[1-2]", "SLURM_RESTART_COUNT": "\(restarts)",
        ])
    }

    @Test func slurmJobResumesAndBindsItsRanks() throws {
      let outcome = try job(code: 0, arguments: ["train", "--output", "r"])
      #expect(outcome.exitCode == 0, "\(outcome.tail)")
      #expect(outcome.output.contains("srun --mpi=pmix --cpu-bind=cores --kill-on-bad-exit=1"), "\(outcome.tail)")
      #expect(outcome.output.contains("fcn-dist train --output r --resume auto"), "\(outcome.tail)")
      #expect(!outcome.output.contains("scontrol"), "\(outcome.tail)")
      // Another command, or a file named to resume from, is passed as it is.
      #expect(try job(code: 0, arguments: ["evaluate", "--data", "d"]).output.contains("evaluate --data d\n"))
      #expect(!(try job(code: 0, arguments: ["train", "--resume", "f.h5"]).output.contains("auto")))
    }

    @Test func slurmJobIsQueuedAgainAfterItsTimeIsUp() throws {
      let outcome = try job(code: 75, arguments: ["train"])
      #expect(outcome.exitCode == 0, "\(outcome.tail)")
      #expect(outcome.output.contains("scontrol requeue 17"), "\(outcome.tail)")
      // A bounded number of times, and never for an error.
      let last = try job(code: 75, restarts: 20, arguments: ["train"])
      #expect(last.exitCode == 75 && !last.output.contains("scontrol"), "\(last.tail)")
      let failed = try job(code: 65, arguments: ["train"])
      #expect(failed.exitCode == 65 && !failed.output.contains("scontrol"), "\(failed.tail)")
    }

    /// Programs that only note how they were called, before the system's own.
    private func stubs(_ programs: [String: String], in folder: TemporaryFolder) throws -> String {
      for (name, text) in programs {
        try "#!/bin/sh\n\(text)\n".write(toFile: folder.file(name), atomically: true, encoding: .utf8)
        chmod(folder.file(name), 0o755)
      }
      return "\(folder.path):\(ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")"
    }

    /// A package of its own, so that nothing of this one is touched.
    private func copySetup(into folder: TemporaryFolder) throws {
      try FileManager.default.createDirectory(atPath: folder.file("launch"), withIntermediateDirectories: true)
      for name in ["setup", "environment"] {
        try FileManager.default.copyItem(
          atPath: "\(TestedPackage.folder)/launch/\(name)", toPath: folder.file("launch/\(name)"))
      }
    }

    /// A new machine has nothing: what tests need is asked for too, or the green run would hide what it has not tested.
    @Test func setupInstallsWhatTestsNeed() throws {
      let folder = TemporaryFolder()
      try copySetup(into: folder)
      let path = try stubs(
        [
          "apt-get": "echo \"$*\" >>\(folder.path)/asked", "dpkg-query": "exit 1", "id": "echo 0",
          "pkg-config": "exit 0", "swift": "echo 'Swift version 6.3'", "uname": "echo riscv64", "python3": "exit 0",
        ], in: folder)
      let system = SystemPrograms.folder(without: ["shellcheck", "h5dump", "pip", "pip3"])
      let search = path.prefix { $0 != ":" } + ":" + system.path
      let outcome = try MPILauncher(
        ranks: 0, environment: ["PATH": String(search), "HOME": folder.file("home")]
      ).run("/bin/bash", [folder.file("launch/setup")])
      #expect(outcome.exitCode == 0, "\(outcome.tail)")
      let asked = folder.text("asked")
      #expect(asked.contains(" libopenmpi-dev"), "\(asked)")
      #expect(asked.contains(" shellcheck"), "\(asked)")
    }

    /// mpirun itself is told that it may do without a remote shell, for whoever does not read launch/environment.
    @Test func setupLetsMpirunDoWithoutSSH() throws {
      let folder = TemporaryFolder()
      try copySetup(into: folder)
      let path = try stubs(
        ["dpkg-query": "echo install ok installed", "pkg-config": "exit 0", "swift": "echo 'Swift version 6.3'"],
        in: folder)
      let system = SystemPrograms.folder(without: ["ssh", "rsh", "slogin"])
      let search = path.prefix { $0 != ":" } + ":" + system.path
      let environment = ["PATH": String(search), "HOME": folder.file("home")]
      let file = folder.file("home/.openmpi/mca-params.conf")
      for _ in 0..<2 {
        let outcome = try MPILauncher(ranks: 0, environment: environment).run(
          "/bin/bash", [folder.file("launch/setup"), "--minimal"])
        #expect(outcome.exitCode == 0, "\(outcome.tail)")
        // Once, however often it is run.
        let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
        #expect(lines.filter { $0.hasPrefix("plm_rsh_agent") } == ["plm_rsh_agent = ssh : rsh : /bin/false"])
      }
      let mpirun = try #require(MPILauncher.mpirun)
      let line = ["-n", "2", "--oversubscribe", "--bind-to", "none", "echo", "here"]
      let started = try MPILauncher(ranks: 0, environment: environment).run(mpirun, line)
      #expect(started.exitCode == 0 && started.output == "here\nhere\n", "\(started.tail)")
      try FileManager.default.removeItem(atPath: file)
      let refused = try MPILauncher(ranks: 0, environment: environment).run(mpirun, line)
      #expect(refused.exitCode != 0 && refused.errors.contains("plm_rsh_agent"), "\(refused.tail)")
      // With ssh it is none of the script's business.
      let stub = try stubs(["ssh": "exit 1"], in: folder)
      let other = environment.merging(["PATH": "\(stub.prefix { $0 != ":" }):\(search)"]) { $1 }
      _ = try MPILauncher(ranks: 0, environment: other).run("/bin/bash", [folder.file("launch/setup"), "--minimal"])
      #expect(!FileManager.default.fileExists(atPath: file))
    }

    /// What launch/environment puts on Python's path belongs to another Python.
    @Test func peersHaveAnEnvironmentOfTheirOwn() throws {
      let folder = TemporaryFolder()
      let made = folder.file("peers")
      let note = "echo \"$(basename $0) $1 path=${PYTHONPATH-none}\" >>\(folder.path)/called"
      let path = try stubs(
        [
          "readelf": "exit 0", "cc": "exit 0",
          "python3": """
          \(note)
          mkdir -p \(made)/bin
          for name in pip python; do
            printf '#!/bin/sh\\n%s\\necho \(folder.path)\\n' '\(note)' >\(made)/bin/$name
            chmod +x \(made)/bin/$name
          done
          """,
        ], in: folder)
      let outcome = try MPILauncher(
        ranks: 0,
        environment: ["PATH": path, "PYTHONPATH": "/elsewhere", "OMPI_MCA_btl_vader_single_copy_mechanism": "none"]
      ).run("/bin/bash", ["\(TestedPackage.folder)/benchmarks/peers", made])
      #expect(outcome.exitCode == 0, "\(outcome.tail)")
      let called = folder.text("called").split(separator: "\n")
      #expect(called.count >= 4 && called.allSatisfy { $0.hasSuffix("path=none") }, "\(called)")
    }

    private static let shellcheck = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
      .map { "\($0)/shellcheck" }.first { FileManager.default.isExecutableFile(atPath: $0) }

    @Test(.enabled(if: shellcheck != nil, "shellcheck is missing; launch/setup as root installs it"))
    func pleasesShellcheck() throws {
      let names = [
        "environment", "setup", "build", "run", "supervise", "slurm.sbatch", "quickstart", "test", "testing",
        "sanitize",
        "hosts", "bounded",
      ]
      let scripts = names.map { "launch/\($0)" } + ["benchmarks/run", "benchmarks/peers"]
      let outcome = try MPILauncher(ranks: 0, folder: TestedPackage.folder).run(
        try #require(Self.shellcheck), ["-x"] + scripts + [".ci/run"])
      #expect(outcome.exitCode == 0, "\(outcome.output)")
    }
  }
}
