import Basics
import Collectives
import RunLogging

/// What a command that computes says of its processors before it begins: nobody asks the doctor each time.
enum PlacementWarning {
  /// A line for each thing that the doctor would warn of, by rank 0.
  ///
  /// - Parameter threads: of this rank.
  /// - Important: Collective over `group`.
  static func say(threads: Int, over group: any ProcessGroup) throws {
    let processors = try ProcessorFacts.gathered(threads: threads, over: group)
    guard group.isCoordinator else { return }
    let console = Console.standardOutput()
    for finding in ProcessorCheck.findings(processors) where finding.verdict != .ok {
      console.line("warning: \(finding.subject): \(finding.text); \(finding.remedy ?? "")")
    }
  }
}
