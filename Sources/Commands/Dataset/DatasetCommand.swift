import ArgumentParser

struct DatasetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dataset", abstract: "Make, check and look at datasets.",
    subcommands: [DatasetVerifyCommand.self, DatasetShowCommand.self])
}
