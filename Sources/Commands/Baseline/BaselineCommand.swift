import ArgumentParser

struct BaselineCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "baseline", abstract: "What came before the networks: clusters of similar pixels, with labels.",
    discussion: """
      An image is cut into superpixels (SLIC), similar neighbours become regions, and a region gets the label of the \
      regions of the training set that look most like it.
      """,
    subcommands: [BaselineFitCommand.self, BaselineClustersCommand.self, BaselineSuperpixelsCommand.self])
}
