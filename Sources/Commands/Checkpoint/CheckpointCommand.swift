import ArgumentParser

struct CheckpointCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "checkpoint", abstract: "Show, check, compare and convert checkpoints.",
    subcommands: [
      CheckpointShowCommand.self, CheckpointVerifyCommand.self, CheckpointDigestCommand.self,
      CheckpointDiffCommand.self, CheckpointExportCommand.self, CheckpointImportCommand.self,
    ])
}
