import Basics
import Commands
import Foundation
import Testing

/// What the doctor makes of facts that no test machine has.
@Suite struct DoctorTests {
  private func rank(_ host: String = "a", processors: [Int] = [0], available: [Int] = [0, 1]) -> RankFacts {
    RankFacts(
      host: host, placement: Placement(processors: processors, available: available),
      backend: BackendFacts(summary: "backend", fingerprint: "backend", threads: 1, wishedThreads: 1),
      memory: MemoryFacts(
        available: 8 << 30, addressSpace: nil, sharedFolder: "/dev/shm", sharedFree: 4 << 30, sharedSize: 4 << 30),
      transport: TransportFacts(components: ["btl_self", "btl_tcp", "btl_vader", "pml_ob1"]))
  }

  private func workload(isTrainer: Bool = true) -> WorkloadFacts {
    WorkloadFacts(
      title: "net", isTrainer: isTrainer, microBatchCount: 1, imageCount: 1, totalMicroBatchCount: 4,
      arenaByteCount: 1 << 29,
      preparedByteCount: 1 << 29, optimizerStateCount: 1, bufferCount: 1, sharesStore: true, privateByteCount: 1 << 28,
      checkpointByteCount: 1 << 30, keptCheckpointCount: 2, totalSteps: 100, stepsPerEpoch: 10,
      multiplicationCount: 1 << 30)
  }

  private func texts(_ findings: [Finding]) -> String {
    findings.map { "\($0.verdict.rawValue) \($0.subject): \($0.text) -> \($0.remedy ?? "")" }.joined(separator: "\n")
  }

  @Test func aFastNetworkThatIsSwitchedOffIsNamed() {
    var (first, second) = (rank("a"), rank("b"))
    #expect(texts(TransportCheck.findings(JobFacts(ranks: [first, second]))).contains("ok transport: TCP between"))
    first.transport.fabrics = ["mlx5_0"]
    first.transport.isFabricSwitchedOff = true
    second.transport = first.transport
    let off = texts(TransportCheck.findings(JobFacts(ranks: [first, second])))
    #expect(off.contains("warning transport"), "\(off)")
    #expect(off.contains("mlx5_0") && off.contains("openmpi-mca-params.conf") && off.contains("--mca pml ucx"))
    first.transport.components = ["btl_self", "pml_ucx"]
    #expect(texts(TransportCheck.findings(JobFacts(ranks: [first, second]))).contains("ok transport: UCX"))
    // On one machine nothing goes through the network.
    second.host = "a"
    #expect(!texts(TransportCheck.findings(JobFacts(ranks: [second, second]))).contains("warning"))
  }

  @Test func debiansParameterFileIsRecognised() {
    #expect(TransportFacts.switchesFabricOff("# pml = ob1\nmtl = ^ofi\nbtl = ^uct,openib,ofi\npml = ^ucx\n"))
    #expect(!TransportFacts.switchesFabricOff("# pml = ^ucx\nbtl = ^openib\n"))
    #expect(!TransportFacts.switchesFabricOff("pml = ucx"))
  }

  @Test func memoryIsCountedForEachMachine() {
    var ranks = [rank("a"), rank("a"), rank("b"), rank("b")]
    for index in ranks.indices { ranks[index].workload = workload() }
    // A store of 2.5 GiB, of which each machine has one, and 384 MiB a rank; rank 0 copies 1 GiB for checkpoints.
    let enough = texts(MemoryCheck.findings(JobFacts(ranks: ranks)))
    #expect(enough.contains("ok memory of a: 2 ranks will need about 4.3 GiB, 8.0 GiB are available"), "\(enough)")
    #expect(enough.contains("ok memory of b: 2 ranks will need about 3.3 GiB, 8.0 GiB are available"), "\(enough)")
    #expect(enough.contains("ok /dev/shm of b: 4.0 GiB free of 4.0 GiB, the ranks' common store takes 2.5 GiB"))
    ranks[3].memory.available = 3 << 30
    ranks[3].memory.sharedFree = 3 << 30
    ranks[2].memory.sharedFree = 3 << 30
    let tight = texts(MemoryCheck.findings(JobFacts(ranks: ranks)))
    #expect(tight.contains("error memory of b"), "\(tight)")
    #expect(tight.contains("warning /dev/shm of b") && tight.contains("the training waits while a checkpoint"))
    ranks[2].memory.sharedFree = 1 << 30
    #expect(texts(MemoryCheck.findings(JobFacts(ranks: ranks))).contains("error /dev/shm of b"))
    // Without a common store nothing lies in shared memory, and each rank has all of it.
    for index in ranks.indices { ranks[index].workload?.sharesStore = false }
    let apart = texts(MemoryCheck.findings(JobFacts(ranks: ranks)))
    #expect(apart.contains("ok /dev/shm of b") && apart.contains("ok memory of a: 2 ranks will need about 5.8 GiB"))
  }

  @Test func partlyOverlappingMasksAreNamed() {
    var ranks = [
      rank(processors: [0, 1], available: Array(0..<8)), rank(processors: [1, 2], available: Array(0..<8)),
      rank(processors: [4, 5], available: Array(0..<8)),
    ]
    for index in ranks.indices { ranks[index].backend.threads = 2 }
    let text = texts(ProcessorCheck.findings(JobFacts(ranks: ranks)))
    #expect(text.contains("ranks 0-1 share processor 1: their masks overlap, while 3,6-7 is free"), "\(text)")
    // Unbound ranks share everything, and that is well while their threads fit.
    for index in ranks.indices { ranks[index].placement.processors = Array(0..<8) }
    #expect(texts(ProcessorCheck.findings(JobFacts(ranks: ranks))).hasPrefix("ok"))
    for index in ranks.indices { ranks[index].backend.openMPBinding = "close" }
    #expect(texts(ProcessorCheck.findings(JobFacts(ranks: ranks))).contains("OMP_PROC_BIND pins the threads"))
  }

  /// Containers, or name spaces, that each take the machine's first processor for theirs.
  @Test func severalNamesOfOneMachineAreSeen() {
    var ranks = [rank("a", available: [0]), rank("b", available: [0]), rank("c", processors: [1], available: [1])]
    for index in ranks.indices { ranks[index].machine = "one boot" }
    let text = texts(ProcessorCheck.findings(JobFacts(ranks: ranks)))
    #expect(text.contains("warning cores of a, b, c: these are names of one machine, and ranks 0-1 share"), "\(text)")
    #expect(text.contains("share its processor 0"), "\(text)")
    // With processors of its own, or on a machine of its own, each is well.
    ranks[1].placement = Placement(processors: [2], available: [2])
    #expect(!texts(ProcessorCheck.findings(JobFacts(ranks: ranks))).contains("warning"))
    ranks[1].placement = Placement(processors: [0], available: [0])
    ranks[1].machine = "another"
    #expect(!texts(ProcessorCheck.findings(JobFacts(ranks: ranks))).contains("warning"))
    for index in ranks.indices { ranks[index].machine = "" }
    #expect(!texts(ProcessorCheck.findings(JobFacts(ranks: ranks))).contains("warning"))
  }

  @Test func hardwareThreadsAreNoCores() {
    var first = rank(processors: [0, 1, 2, 3], available: [0, 1, 2, 3])
    first.placement.cores = [0, 1, 0, 1]
    first.backend.threads = 4
    #expect(texts(ProcessorCheck.findings(JobFacts(ranks: [first]))).contains("4 threads on 2 cores"))
    first.backend.threads = 2
    #expect(texts(ProcessorCheck.findings(JobFacts(ranks: [first]))).hasPrefix("ok"))
  }

  @Test func aDatasetThatDiffersIsNamed() {
    var ranks = [rank("a"), rank("b")]
    for index in ranks.indices {
      ranks[index].data = DataFacts(
        contents: "train 9 samples", classCount: 3, channels: 3, sampleCount: 9, fingerprint: "same")
    }
    var job = JobFacts(ranks: ranks)
    job.dataFolder = "data"
    #expect(!texts(DataCheck.findings(job)).contains("error"))
    job.ranks[1].data?.fingerprint = "other"
    #expect(texts(DataCheck.findings(job)).contains("error data data: rank 1 (b) see another dataset"))
  }

  @Test func theOutputOfOtherMachinesIsLookedFor() {
    var job = JobFacts(ranks: [rank("a"), rank("b")])
    var output = OutputFacts(folder: "runs")
    output.blindRanks = [1]
    output.lockProblem = "No locks available"
    job.output = output
    let text = texts(OutputCheck.findings(job))
    #expect(text.contains("rank 1 does not see what rank 0 writes") && text.contains("No locks available"), "\(text)")
  }
}
