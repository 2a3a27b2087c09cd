import ArgumentParser
import Basics
import Checkpoints

struct CheckpointShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show the contents of a checkpoint or a parameter file.",
    discussion: """
      fcn-dist checkpoint show RUN/checkpoints/latest.h5
      fcn-dist checkpoint show --configuration RUN/checkpoints/best.h5
      """)

  @Argument(help: "The file.") var file: String
  @Flag(help: "Print the configuration that it was trained with, as YAML, and nothing else.") var configuration = false

  func run() throws {
    try Launch.inFirstProcess {
      let parameters = try ParameterFile(file)
      guard try CheckpointFile.isCheckpoint(file) else {
        guard !configuration else {
          throw Failure(.badData, "\(file) holds parameters only, no configuration")
        }
        Output.write("\(file): parameters without a training's state\n" + Self.table(parameters.parameters))
        return
      }
      let state = try CheckpointReader(file).state
      if configuration { return Output.write(state.configurationText) }
      Output.write(Self.text(state, path: file))
    }
  }

  static func text(_ state: CheckpointState, path: String) -> String {
    var facts = TextTable(leftColumns: [0, 1])
    for fact in state.facts { facts.add([fact.name, fact.text]) }
    let count = state.parameters.reduce(0) { $0 + $1.count }
    let optimizerState = state.optimizerState.map(\.name).joined(separator: ", ")
    return """
      \(path)
      \(facts.text)

      \(grouped(count)) parameters\(optimizerState.isEmpty ? "" : ", optimizer state: \(optimizerState)")
      \(table(state.parameters))
      """
  }

  private static func table(_ tensors: [CheckpointTensor]) -> String {
    var table = TextTable()
    table.add(["parameter", "shape", "numbers"])
    for tensor in tensors {
      table.add([tensor.name, "[\(tensor.shape.map { "\($0)" }.joined(separator: ", "))]", grouped(tensor.count)])
    }
    return table.text
  }
}
