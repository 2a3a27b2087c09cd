import Basics
import Exchange
import Training

/// Who was started where, and whether everybody has work.
package enum LaunchCheck {
  package static func findings(_ job: JobFacts) -> [Finding] {
    let hosts = job.hosts
    let places = hosts.prefix(4).map { "\($0.name) (\($0.ranks.count))" }.joined(separator: ", ")
    let text =
      "\(counted(job.ranks.count, "rank")) on \(counted(hosts.count, "machine")): \(places)"
      + (hosts.count > 4 ? " and \(hosts.count - 4) more" : "")
    var findings = [Finding(.ok, "launch", text)]
    if let workload = job.ranks.compactMap(\.workload).first { findings += self.workload(job, workload) }
    return findings
  }

  private static func workload(_ job: JobFacts, _ workload: WorkloadFacts) -> [Finding] {
    let idle = job.ranks.indices.filter {
      guard let facts = job.ranks[$0].workload else { return false }
      return facts.isTrainer && facts.microBatchCount == 0
    }
    let evaluates = job.ranks[0].workload?.isTrainer == false ? "; rank 0 evaluates" : ""
    let text =
      "\(workload.title), \(counted(workload.totalMicroBatchCount, "micro-batch", "micro-batches")) a step\(evaluates)"
    guard !idle.isEmpty else { return [Finding(.ok, "training", text)] }
    return [
      Finding(
        .warning, "training", "\(text): \(Finding.ranksText(idle)) \(idle.count == 1 ? "has" : "have") no work",
        remedy: MicroBatchPlan.remedyForIdleTrainers(
          microBatchCount: workload.totalMicroBatchCount, micro: workload.microBatchSize))
    ]
  }
}
