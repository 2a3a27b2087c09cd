import Basics
import Collectives
import Kernels

/// What a rank computes with.
package struct BackendFacts: Codable, Equatable, Sendable {
  package var summary: String
  /// Equal on two ranks exactly when their backends compute the same bits.
  package var fingerprint: String
  /// Threads of each rank, agreed on.
  package var threads: Int
  /// Threads that this rank would have taken by itself.
  package var wishedThreads: Int
  /// OMP_PROC_BIND.
  package var openMPBinding: String?
  /// Why oneDNN cannot be used; nil where it can.
  package var oneDNNProblem: String?
  /// Why there is no backend at all.
  package var problem: Problem?
  /// Why bfloat16 cannot be used; nil where it can.
  package var bfloat16Problem: Problem?

  package init(summary: String, fingerprint: String, threads: Int, wishedThreads: Int) {
    self.summary = summary
    self.fingerprint = fingerprint
    self.threads = threads
    self.wishedThreads = wishedThreads
  }

  /// - Returns: nil as the backend where there is none, and why in the facts.
  /// - Important: Collective over `group`.
  static func current(
    _ options: BackendOptions, precision: Precision, configuredThreads: Int?, group: any ProcessGroup
  ) throws -> (facts: BackendFacts, backend: (any Backend)?) {
    let plan = try options.threadPlan(configuredThreads, group: group)
    let threads = plan.commonThreadCount
    let choice = try options.choice()
    let outcome = Problem.catching { try BackendOptions.makeBackend(choice, precision, threads: threads) }
    var facts = BackendFacts(
      summary: outcome.value?.summary ?? "none", fingerprint: outcome.value?.fingerprint ?? "none", threads: threads,
      wishedThreads: plan.threadCount)
    facts.openMPBinding = ProcessEnvironment.string("OMP_PROC_BIND")
    facts.problem = outcome.problem
    facts.oneDNNProblem = choice == .portable ? nil : OneDNNBackend.unavailabilityReason
    facts.bfloat16Problem =
      Problem.catching { try BackendOptions.makeBackend(choice, .bfloat16, threads: threads) }.problem
    return (facts, outcome.value)
  }
}
