import ArgumentParser
import Basics
import Collectives
import Foundation
import MPITransport
import RunLogging
import TrainingConfiguration

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Check that this machine and this launch are ready to train.",
    discussion: """
      Start it exactly as the training will be started, with the same options, and it sees what the training will see: \
      cores and threads of every rank, backend, memory, transport, data, output, and how long a step will take. It \
      takes some seconds, writes nothing that stays, and ends with exit code 70 where something would not work.

        fcn-dist doctor
        mpirun -n 8 fcn-dist doctor --config recipe.yaml --data data \\
            --output runs/first
      """)

  @OptionGroup var settings: ConfigurationOptions
  @Option(help: ArgumentHelp("The dataset's folder. Default: data, where it is there.", valueName: "folder"))
  var data: String?
  @Option(help: ArgumentHelp("The folder that the run will be written to.", valueName: "folder")) var output: String?
  @Option(help: ArgumentHelp("Write all that was found into this file.", valueName: "file")) var json: String?
  @OptionGroup var backendOptions: BackendOptions

  func run() throws {
    withMPI { group in
      let recipe = Problem.catching { try RecipeChoice.choose(settings) }
      let examination = Examination(
        backendOptions: backendOptions, recipe: recipe,
        dataFolder: data ?? recipe.value?.0.data.path ?? DataChoice.existing,
        outputFolder: output, group: group)
      guard let job = try examination.run() else { return 0 }
      let report = DoctorReport(job)
      Output.write(report.text)
      if let json {
        try Array((report.json.line + "\n").utf8).withUnsafeBytes { try FileBytes.write($0, to: json) }
      }
      return report.verdict == .error ? Failure.Kind.internalError.rawValue : 0
    }
  }
}
