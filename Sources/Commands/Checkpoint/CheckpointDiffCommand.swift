import ArgumentParser
import Basics
import Checkpoints

struct CheckpointDiffCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff", abstract: "Show where two checkpoints differ.",
    discussion: """
      Compares bits, and says for each tensor that differs by how much. Exit code 0 where nothing differs, else 65.

        fcn-dist checkpoint diff A/checkpoints/latest.h5 B/checkpoints/latest.h5
      """)

  @Argument(help: "One file.") var first: String
  @Argument(help: "The other.") var second: String

  func run() throws {
    try Launch.inFirstProcess {
      let difference = try CheckpointDifference(CheckpointReader(first).state, CheckpointReader(second).state)
      let lines = Self.lines(difference)
      for line in lines { Output.write(line) }
      let count = difference.tensors.count { !$0.isEqual }
      guard difference.isEqual else {
        throw Failure(
          .badData,
          "\(first) and \(second) differ in \(count) of \(difference.tensors.count) tensors and in "
            + "\(difference.facts.count) other things")
      }
      Output.write("equal: all \(difference.tensors.count) tensors, to the bit")
    }
  }

  static func lines(_ difference: CheckpointDifference) -> [String] {
    var table = TextTable(leftColumns: [0, 1])
    for fact in difference.facts {
      table.add([fact.name, "\(fact.first ?? "missing") / \(fact.second ?? "missing")"])
    }
    for tensor in difference.tensors where !tensor.isEqual {
      table.add([tensor.name, description(tensor)])
    }
    return table.text.isEmpty ? [] : [table.text]
  }

  private static func description(_ tensor: CheckpointDifference.Tensor) -> String {
    guard let first = tensor.firstShape else { return "only in the second" }
    guard let second = tensor.secondShape else { return "only in the first" }
    guard let maximum = tensor.maximumDifference else { return "shapes \(first) / \(second)" }
    return "largest difference \(significant(Double(maximum), 3))"
  }
}
