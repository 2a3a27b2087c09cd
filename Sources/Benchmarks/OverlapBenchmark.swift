import Collectives
import Kernels
import TrainingConfiguration

/// Whole training steps that exchange gradients while they compute others, and steps that exchange them afterwards, in
/// turn.
package final class OverlapBenchmark {
  /// How gradients are exchanged in a measured step.
  package enum Mode: String, CaseIterable {
    case overlapped
    case sequential = "one after the other"

    /// Of a step's parts: compute, exchange, update.
    package var parts: [String] { StepBenchmark.parts.map { "\(rawValue): \($0)" } }
  }

  package let steps: StepBenchmark
  private let group: any ProcessGroup

  /// - Parameters: as in `StepBenchmark`.
  /// - Important: Collective over `group`.
  package init(
    _ configuration: Configuration, size: (height: Int, width: Int), backend: any Backend, group: any ProcessGroup
  ) throws {
    var configuration = configuration
    configuration.distributed.overlap = .always
    steps = try StepBenchmark(configuration, size: size, backend: backend, group: group)
    self.group = group
  }

  /// - Important: Collective.
  package func run(_ round: Round) throws {
    for mode in Mode.allCases {
      steps.overlaps = mode == .overlapped
      try group.barrier()
      try round.time(mode.rawValue) { try steps.step(round, mode.parts) }
    }
  }
}
