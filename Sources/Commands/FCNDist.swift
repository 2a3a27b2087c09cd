import ArgumentParser
import Basics

/// The command line tool: `fcn-dist`.
package struct FCNDist: ParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "fcn-dist",
    abstract: "Trains fully convolutional networks for semantic segmentation, on one core or a cluster.",
    discussion: """
      Every command runs alone or under mpirun, but for verify-exactness, which starts jobs of its own:

        fcn-dist train                   a small recipe on a synthetic dataset
        mpirun -n 8 fcn-dist train --config recipe.yaml --data DIR --output RUN
        fcn-dist evaluate --checkpoint RUN/checkpoints/best.h5 --data DIR
        fcn-dist predict --checkpoint RUN/checkpoints/best.h5 --overlay photo.jpg
        fcn-dist report RUN
      """,
    version: ToolVersion.text,
    subcommands: [
      TrainCommand.self, EvaluateCommand.self, PredictCommand.self, DatasetCommand.self, CheckpointCommand.self,
      BenchmarkCommand.self, BaselineCommand.self, ReportCommand.self, DoctorCommand.self, VerifyExactnessCommand.self,
    ])

  package init() {}
}
