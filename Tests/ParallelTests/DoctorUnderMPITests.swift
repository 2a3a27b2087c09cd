import Foundation
import TestSupport
import Testing

extension ParallelTests {
  /// Launches that are broken in one way each: the doctor names it.
  @Suite struct DoctorUnderMPI {
    private let folder: TemporaryFolder
    private let program: String
    private let mpirun: String

    private static let tiny =
      "--set model.widths=[4,4,4,4,4] --set model.fc=8 --set batch.micro=1 --set data.augment.crop=[32,48]"
    private static let isRoot = geteuid() == 0
    private static let hasTwoProcessors = ProcessInfo.processInfo.activeProcessorCount > 1

    init() throws {
      folder = try TinyTraining().folder
      program = try TestedPackage.program("fcn-dist")
      mpirun = try #require(MPILauncher.mpirun)
    }

    /// Runs a line of the shell in which MPIRUN, TOOL, DOCTOR, DATA and OUTPUT stand for themselves.
    private func shell(_ line: String, environment: [String: String] = [:]) throws -> MPILauncher.Outcome {
      var line = line
      for (name, value) in [
        ("DOCTOR", "\(program) doctor \(Self.tiny)"), ("TOOL", program), ("MPIRUN", mpirun),
        ("DATA", folder.path + "/data"), ("OUTPUT", folder.path + "/output"),
      ] { line = line.replacingOccurrences(of: name, with: value) }
      return try MPILauncher(ranks: 0, environment: environment).run("/bin/sh", ["-c", line])
    }

    /// The lines of findings that are no "ok", with their remedies.
    private func complaints(_ outcome: MPILauncher.Outcome) -> String {
      let lines = outcome.output.split(separator: "\n").filter {
        $0.hasPrefix("ERROR") || $0.hasPrefix("warning") || $0.contains("-> ")
      }
      return lines.joined(separator: "\n")
    }

    @Test(.enabled(if: hasTwoProcessors, "one processor")) func nothingIsWrongWithAGoodLaunch() throws {
      let outcome = try shell(
        "MPIRUN -n 2 --bind-to none DOCTOR --data DATA --output OUTPUT --json \(folder.path)/facts.json")
      #expect(outcome.exitCode == 0, "\(outcome.tail)")
      #expect(outcome.output.contains("0 errors, "), "\(outcome.tail)")
      for subject in [
        "launch", "training", "cores of", "backend", "versions", "transport", "single copy", "memory of", "/dev/shm",
        "data ", "reading", "output ", "speed",
      ] { #expect(outcome.output.contains("ok       \(subject)") || outcome.output.contains("ok  \(subject)")) }
      #expect(outcome.output.contains("train 9 samples, val 3 samples, 8 classes, 3 channels"), "\(outcome.tail)")
      // Nothing stays behind but what was asked for.
      #expect(!FileManager.default.fileExists(atPath: folder.path + "/output"))
      let json = try JSONSerialization.jsonObject(with: Data(folder.text("facts.json").utf8)) as? [String: Any]
      #expect((json?["ranks"] as? [Any])?.count == 2)
      let step = (json?["expected"] as? [String: Any])?["step_seconds"] as? Double
      #expect(try #require(step) > 0)
    }

    struct Fault: CustomTestStringConvertible, Sendable {
      let name: String
      let line: String
      var environment: [String: String] = [:]
      var code: Int32 = 0
      let words: [String]
      var testDescription: String { name }
    }

    static let processorFaults = [
      Fault(
        name: "mpirun's default binds to one core", line: "MPIRUN -n 2 DOCTOR", environment: ["OMP_NUM_THREADS": "2"],
        words: ["ranks 0-1: bound to 1 processor", "but running 2 threads", "--bind-to core"]),
      Fault(
        name: "one rank on one of several cores", line: "MPIRUN -n 1 DOCTOR",
        words: ["1 rank bound to 1 processor (", "are free and unused", "--bind-to none"]),
      Fault(
        name: "overlapping masks", line: "MPIRUN -n 2 --bind-to none taskset -c 0 DOCTOR",
        words: ["ranks 0-1 share processor 0: their masks overlap", "is free", "launch/run"]),
    ]

    static let faults = [
      Fault(
        name: "more ranks than cores", line: "MPIRUN -n $(($(nproc) + 2)) --oversubscribe --bind-to none DOCTOR",
        words: ["more than there are, so that ranks wait", "use "]),
      Fault(
        name: "different threads",
        line: "MPIRUN --oversubscribe --bind-to none -n 1 env OMP_NUM_THREADS=1 DOCTOR : "
          + "-n 1 env OMP_NUM_THREADS=2 DOCTOR", words: ["rank 0: 1; rank 1: 2); all run 1, the least"]),
      Fault(
        name: "no oneDNN", line: "MPIRUN -n 2 --oversubscribe --bind-to none DOCTOR",
        environment: ["FCN_DIST_ONEDNN_LIBRARY": "/nowhere/libdnnl.so"],
        words: ["oneDNN is not used", "/nowhere/libdnnl.so", "launch/setup"]),
      Fault(
        name: "another MPI's launcher", line: "DOCTOR", environment: ["PMI_SIZE": "4", "PMI_RANK": "0"], code: 64,
        words: []),
      Fault(
        name: "a folder that cannot be written",
        line: "MPIRUN -n 2 --oversubscribe --bind-to none DOCTOR --output /proc/nowhere", code: 70,
        words: ["ERROR", "output /proc/nowhere", "files cannot be written there"]),
      Fault(
        name: "a shard cut off",
        line: "truncate -s -4000 DATA/train-00000-of-00001.h5; MPIRUN -n 2 --oversubscribe --bind-to none DOCTOR "
          + "--data DATA", code: 70, words: ["ERROR", "train-00000-of-00001.h5", "correct the errors above first"]),
      Fault(
        name: "no dataset", line: "MPIRUN -n 2 --oversubscribe --bind-to none DOCTOR --data DATA/nowhere", code: 70,
        words: ["ERROR", "DATA/nowhere"]),
      Fault(
        name: "other classes than the configuration's",
        line: "MPIRUN -n 2 --oversubscribe --bind-to none DOCTOR --data DATA --set model.classes=5", code: 70,
        words: ["ERROR", "model.classes is 5, and the dataset in", "has 8 classes"]),
      Fault(
        name: "a wrong key", line: "MPIRUN -n 2 --oversubscribe --bind-to none DOCTOR --set train.stepz=5", code: 70,
        words: ["ERROR", "configuration", "train.steps"]),
      Fault(
        name: "too little address space",
        line: "MPIRUN -n 2 --oversubscribe --bind-to none sh -c 'ulimit -v 3000000; exec DOCTOR --set model.fc=8192 "
          + "--set model.widths=[64,128,256,512,512]'",
        code: 70, words: ["ERROR", "memory of rank 0", "ulimit -v leaves it"]),
      Fault(
        name: "two builds",
        line: "cp TOOL OUTPUT && echo >> OUTPUT && MPIRUN --oversubscribe --bind-to none -n 1 DOCTOR : "
          + "-n 1 OUTPUT doctor \(tiny)",
        code: 70, words: ["ERROR", "the program's file differs: rank 0 on", "; rank 1 on"]),
      Fault(
        name: "ranks without work",
        line: "MPIRUN -n 3 --oversubscribe --bind-to none DOCTOR --set batch.global=2",
        words: ["rank 0 has no work", "at most 2 training ranks"]),
    ]

    private func check(_ fault: Fault) throws {
      let outcome = try shell(fault.line, environment: fault.environment)
      #expect(outcome.exitCode == fault.code, "\(outcome.tail)")
      let complaints = complaints(outcome)
      for word in fault.words {
        let expected = word.replacingOccurrences(of: "DATA", with: folder.path + "/data")
        #expect(complaints.contains(expected), "'\(expected)' is not in\n\(outcome.tail)")
      }
    }

    @Test(arguments: faults) func aBrokenLaunchIsNamed(fault: Fault) throws {
      try check(fault)
      if fault.code == 64 {
        let outcome = try shell(fault.line, environment: fault.environment)
        #expect(outcome.errorLines.first?.contains("MPI finds only one") == true, "\(outcome.tail)")
      }
    }

    @Test(.enabled(if: hasTwoProcessors, "one processor"), arguments: processorFaults)
    func aBadPlacementIsNamed(fault: Fault) throws { try check(fault) }

    /// What the doctor warns of is said by a training too: nobody asks a doctor before each.
    @Test(.enabled(if: hasTwoProcessors, "one processor")) func aTrainingWarnsOfItsPlacement() throws {
      let line =
        "MPIRUN -n 2 TOOL train \(Self.tiny) --backend portable --set train.steps=1 --data DATA --output OUTPUT"
      let crowded = try shell(line, environment: ["OMP_NUM_THREADS": "2"])
      #expect(crowded.exitCode == 0, "\(crowded.tail)")
      #expect(
        crowded.output.contains("ranks 0-1: bound to 1 processor each but running 2 threads"), "\(crowded.tail)")
      #expect(crowded.output.contains("warning: cores of ") && crowded.output.contains("--bind-to core"))
    }

    /// So does whatever else computes: in one place, and so in the same words.
    @Test(.enabled(if: hasTwoProcessors, "one processor")) func allThatComputesWarnsOfItsPlacement() throws {
      let trained = try shell(
        "TOOL train \(Self.tiny) --backend portable --set train.steps=1 --data DATA --output OUTPUT")
      #expect(trained.exitCode == 0, "\(trained.tail)")
      let checkpoint = "--checkpoint OUTPUT/checkpoints/latest.h5 --backend portable --data DATA"
      for command in [
        "evaluate \(checkpoint)", "predict \(checkpoint) --split val --output OUTPUT/predictions",
        "benchmark step \(Self.tiny) --backend portable --height 32 --width 32 --repeats 1",
        "benchmark exchange --parameters 100000 --repeats 1",
        "baseline fit --data DATA --output OUTPUT/regions.h5",
      ] {
        let outcome = try shell("MPIRUN -n 2 TOOL \(command)", environment: ["OMP_NUM_THREADS": "2"])
        #expect(outcome.exitCode == 0, "\(command): \(outcome.tail)")
        let warnings = outcome.output.split(separator: "\n").filter {
          $0.contains("ranks 0-1: bound to 1 processor each but running 2 threads")
        }
        #expect(warnings.count == 1 && warnings[0].hasPrefix("warning: cores of "), "\(command): \(outcome.tail)")
        let right = try shell("MPIRUN -n 2 TOOL \(command)", environment: ["OMP_NUM_THREADS": "1"])
        #expect(right.exitCode == 0 && !right.output.contains("bound to 1 processor each"), "\(right.tail)")
      }
    }

    @Test func aTrainingWarnsOfRanksWithoutWork() throws {
      let line =
        "MPIRUN -n 4 --oversubscribe --bind-to none TOOL train \(Self.tiny) --backend portable --set batch.global=2 "
        + "--set train.steps=1 --data DATA --output OUTPUT"
      let outcome = try shell(line)
      #expect(outcome.exitCode == 0, "\(outcome.tail)")
      #expect(outcome.output.contains("warning: rank 1 has no work: 3 ranks train, and a step of 2"), "\(outcome.tail)")
      #expect(outcome.output.contains("use at most 2 training ranks"), "\(outcome.tail)")
      // Each has some where the micro-batches may follow the ranks.
      let automatic = try shell(
        line.replacingOccurrences(
          of: "--set batch.global=2",
          with: "--set batch.global=9 --set batch.micro=auto "
            + "--set distributed.reproducible=false"
        ).replacingOccurrences(of: "OUTPUT", with: "OUTPUT2"))
      #expect(automatic.exitCode == 0 && !automatic.output.contains("no work"), "\(automatic.tail)")
      #expect(automatic.output.contains("steps of 9 images (3 at a time)"), "\(automatic.tail)")
    }

    @Test(.enabled(if: Processor.hasAVX512, "the processor has no instruction set to take away"))
    func differentInstructionSetsAreNamed() throws {
      try check(
        Fault(
          name: "",
          line: "MPIRUN --oversubscribe --bind-to none -n 1 DOCTOR : "
            + "-n 1 env ONEDNN_MAX_CPU_ISA=AVX2 DOCTOR",
          code: 70, words: ["ERROR", "the ranks compute with different backends", "rank 0: ", "; rank 1: "]))
    }

    /// File systems of their own, which only root may make.
    @Test(
      .enabled(if: isRoot, "only root can mount"),
      arguments: [
        Fault(
          name: "small shared memory",
          line: "mount -t tmpfs -o size=2m tmpfs /dev/shm && MPIRUN -n 2 --oversubscribe --bind-to none DOCTOR "
            + "--set model.fc=512 --set model.widths=[16,32,64,64,64]",
          code: 70, words: ["ERROR", "/dev/shm of", "free of 2 MiB, the ranks' common store takes", "--shm-size="]),
        Fault(
          name: "a full disk",
          line: "mkdir OUTPUT && mount -t tmpfs -o size=2m tmpfs OUTPUT && MPIRUN -n 2 --oversubscribe --bind-to none "
            + "DOCTOR --output OUTPUT", code: 70, words: ["ERROR", "files cannot be written there", "No space left"]),
        Fault(
          name: "no room for the checkpoints",
          line: "mkdir OUTPUT && mount -t tmpfs -o size=20m tmpfs OUTPUT && MPIRUN -n 2 --oversubscribe --bind-to none "
            + "DOCTOR --output OUTPUT --set model.fc=512 --set model.widths=[16,32,64,64,64]",
          code: 70, words: ["ERROR", "checkpoints at a time take", "train.keep"]),
      ]) func aSmallFileSystemIsNamed(fault: Fault) throws
    {
      try check(
        Fault(name: fault.name, line: "unshare --mount sh -c '\(fault.line)'", code: fault.code, words: fault.words))
    }

    /// What the next start would find alike is no reason to be started again: Slurm's script would do so, and again.
    @Test(.enabled(if: isRoot, "only root can mount")) func aTrainingWithoutSharedMemoryIsNotStartedAgain() throws {
      let checkpoint = "--checkpoint OUTPUT/checkpoints/latest.h5 --data DATA --backend portable"
      let model = "--set model.fc=512 --set model.widths=[16,32,64,64,64] --set train.steps=1"
      let alone = try shell("TOOL train \(Self.tiny) \(model) --backend portable --data DATA --output OUTPUT")
      #expect(alone.exitCode == 0, "\(alone.tail)")
      for command in [
        "train \(Self.tiny) \(model) --backend portable --data DATA --output OUTPUT/2", "evaluate \(checkpoint)",
      ] {
        let outcome = try shell(
          "unshare --mount sh -c 'mount -t tmpfs -o size=1m tmpfs /dev/shm && MPIRUN -n 2 --oversubscribe "
            + "--bind-to none TOOL \(command)'")
        #expect(outcome.exitCode == 74, "\(outcome.tail)")
        #expect(outcome.errorLines.count == 1, "\(outcome.tail)")
        #expect(
          outcome.errors.contains("of shared memory") && outcome.errors.contains("--shm-size="), "\(outcome.tail)")
      }
    }

    /// A filter of system calls as Docker's. Open MPI would try again with every message, and say so each time.
    @Test(.enabled(if: isX86, "the filter is written for x86-64"), .enabled(if: Python.isAvailable, "no python3"))
    func deniedSingleCopyIsNamedAndAvoided() throws {
      try Self.filter.write(toFile: folder.path + "/deny.py", atomically: true, encoding: .utf8)
      let outcome = try shell("python3 \(folder.path)/deny.py MPIRUN -n 2 --oversubscribe --bind-to none DOCTOR")
      #expect(outcome.exitCode == 0, "\(outcome.tail)")
      #expect(complaints(outcome).contains("process_vm_readv is denied (Operation not permitted)"), "\(outcome.tail)")
      #expect(!outcome.errors.contains("expected"), "\(outcome.tail)")
    }

    #if arch(x86_64)
      private static let isX86 = true
    #else
      private static let isX86 = false
    #endif

    /// Load the number of the call; 310 is denied, all others are allowed.
    private static let filter = """
      import ctypes, os, struct, sys
      libc = ctypes.CDLL(None, use_errno=True)
      steps = [(0x20, 0, 0, 0), (0x15, 0, 1, 310), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7FFF0000)]
      code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
      class Program(ctypes.Structure):
          _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.c_void_p)]
      program = Program(len(steps), ctypes.cast(code, ctypes.c_void_p))
      assert libc.prctl(38, 1, 0, 0, 0) == 0
      assert libc.prctl(22, 2, ctypes.byref(program)) == 0
      os.execv(sys.argv[1], sys.argv[1:])
      """
  }
}
