import Basics
import Model
import RunLogging
import TrainingConfiguration

/// Which steps a benchmark measured, for the head of its report.
struct MeasuredStep {
  let configuration: Configuration
  /// Of the images, in pixels.
  let size: (height: Int, width: Int)
  let parameterCount: Int

  var title: String {
    let batch = configuration.batch
    return "\(configuration.model.architecture.rawValue), \(grouped(parameterCount)) parameters, "
      + "\(counted(batch.global, "image")) of \(size.height) x \(size.width) a step, \(batch.micro) at a time, "
      + configuration.train.precision.rawValue
  }

  var settings: [(String, JSONText)] {
    [
      ("architecture", .text(configuration.model.architecture.rawValue)),
      ("parameters", .integer(Int64(parameterCount))),
      ("batch", .integer(Int64(configuration.batch.global))), ("micro", .integer(Int64(configuration.batch.micro))),
      ("height", .integer(Int64(size.height))), ("width", .integer(Int64(size.width))),
      ("precision", .text(configuration.train.precision.rawValue)),
      ("optimizer", .text(configuration.optimizer.name.rawValue)),
    ]
  }
}
