import ArgumentParser

package func runCommandLine() -> Never { FCNDist.main(); fatalError() }

package struct FCNDist: ParsableCommand {
  package static let configuration = CommandConfiguration(commandName: "fcn-dist")
  package init() {}
}
