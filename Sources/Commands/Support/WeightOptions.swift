import ArgumentParser
import Checkpoints

/// Which parameters of a checkpoint are used.
struct WeightOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "average or last: the moving average of the parameters, or the parameters of the last step. Default: the average, "
        + "where the training kept one (optimizer.ema_decay).", valueName: "which"))
  var weights: ParameterFile.Choice?
}

extension ParameterFile.Choice: ExpressibleByArgument {}
