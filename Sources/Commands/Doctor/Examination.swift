import Basics
import Collectives
import Foundation
import Kernels
import SegmentationData
import TrainingConfiguration

/// Looks at a job with all its ranks. What one rank cannot do it says, and goes on: the others count on it.
struct Examination {
  let backendOptions: BackendOptions
  /// How the training is configured, and what that is called; or why that is not known.
  let recipe: Result<(Configuration, String), Problem.Caught>
  let dataFolder: String?
  let outputFolder: String?
  let group: any ProcessGroup

  /// - Returns: what rank 0 knows in the end; nil on the others.
  /// - Important: Collective over `group`.
  func run() throws -> JobFacts? {
    let settings = recipe.value?.0
    let (backendFacts, backend) = try BackendFacts.current(
      backendOptions, precision: settings?.train.precision ?? .float32,
      configuredThreads: settings?.distributed.threads,
      group: group)
    var own = RankFacts.current(backend: backendFacts)
    own.singleCopyProblem = try SingleCopyProbe.run(group)
    let data = examineData(&own)
    let workload = makeWorkload(data, backend, memory: try MemoryFacts.share(group), &own)
    let ranks = try gather(own)
    var job = JobFacts(ranks: ranks, recipe: recipe.value?.1 ?? "not readable")
    job.dataFolder = dataFolder
    if let outcome = try speed(workload, job) {
      job.speed = outcome.value
      job.speedProblem = outcome.problem
    }
    job.output = try examineOutput()
    return group.isCoordinator ? job : nil
  }

  private func examineData(_ own: inout RankFacts) -> WorkloadData? {
    guard let dataFolder else { return nil }
    let opened = Problem.catching { try WorkloadData(folder: dataFolder) }
    own.dataProblem = opened.problem
    guard let data = opened.value else { return nil }
    let read = Problem.catching {
      try DataFacts.examine(data.training, folder: dataFolder, rank: group.rank, ranks: group.size)
    }
    own.data = read.value
    own.dataProblem = read.problem
    return data
  }

  private func makeWorkload(
    _ data: WorkloadData?, _ backend: (any Backend)?, memory: Int, _ own: inout RankFacts
  ) -> Workload? {
    if case .failure(let caught) = recipe { own.workloadProblem = caught.problem }
    // Without its data, what the training will be is not known.
    guard let (settings, _) = recipe.value, let backend, dataFolder == nil || data != nil else { return nil }
    let made = Problem.catching {
      try Workload(
        settings, data: data, folder: dataFolder ?? "", memory: memory, backend: backend, rank: group.rank,
        ranks: group.size)
    }
    own.workload = made.value?.facts
    own.workloadProblem = made.problem
    return made.value
  }

  private func gather(_ own: RankFacts) throws -> [RankFacts] {
    try group.allGather(Array(try JSONEncoder().encode(own))).map {
      try JSONDecoder().decode(RankFacts.self, from: Data($0))
    }
  }

  /// Only where all ranks are ready and nothing that was found would end the measurement.
  private func speed(_ workload: Workload?, _ job: JobFacts) throws -> Result<SpeedFacts, Problem.Caught>? {
    let isReady =
      job.ranks.allSatisfy { $0.workload != nil && $0.backend.problem == nil }
      && Set(job.ranks.map(\.backend.fingerprint)).count == 1
      && MemoryCheck.findings(job).allSatisfy { $0.verdict != .error }
    guard isReady, let workload else {
      return .failure(
        Problem.Caught(problem: Problem("not measured: correct the errors above first", remedy: nil)))
    }
    return try SpeedProbe(workload: workload, world: group).run()
  }

  private func examineOutput() throws -> OutputFacts? {
    guard let outputFolder else { return nil }
    let wasThere = FileManager.default.fileExists(atPath: outputFolder)
    var facts = group.isCoordinator ? OutputFacts.examine(outputFolder) : nil
    try group.barrier()
    let visible = try group.allGather([OutputFacts.isVisible(outputFolder) ? 1 : 0]).map { $0 == [1] }
    if facts != nil {
      if facts?.writeProblem == nil { facts?.blindRanks = visible.indices.filter { !visible[$0] } }
      OutputFacts.remove(outputFolder, keepingFolder: wasThere)
    }
    return facts
  }
}
