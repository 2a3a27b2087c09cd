import ArgumentParser

struct CheckpointCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "checkpoint", abstract: "Look at checkpoints, check, compare and convert them.",
    subcommands: [
      CheckpointShowCommand.self, CheckpointVerifyCommand.self, CheckpointDigestCommand.self,
      CheckpointDiffCommand.self, CheckpointExportCommand.self, CheckpointImportCommand.self,
    ])
}
