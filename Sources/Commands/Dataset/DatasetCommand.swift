import ArgumentParser
import RunLogging
import SegmentationData

struct DatasetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dataset", abstract: "Make, check and look at datasets.",
    subcommands: [
      DatasetImportCommand.self, DatasetSynthesizeCommand.self, DatasetVerifyCommand.self, DatasetShowCommand.self,
    ])
}

extension Console {
  /// Shows how far a long piece of work is, now and then.
  func show(_ progress: WorkProgress, doing work: String) {
    guard progress.completed % 8 == 0 || progress.completed == progress.total else { return }
    transient("\(work) \(progress.name): \(progress.completed) of \(progress.total)")
  }
}
