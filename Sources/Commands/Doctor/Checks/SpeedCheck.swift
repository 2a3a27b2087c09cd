import Basics
import RunLogging

/// How long will it take?
package enum SpeedCheck {
  package static func findings(_ job: JobFacts) -> [Finding] {
    if let problem = job.speedProblem { return [Finding(.warning, "speed", problem)] }
    guard let speed = job.speed else { return [] }
    var text =
      "a step will take about \(significant(speed.step, 2)) s (\(significant(speed.imagesPerSecond, 2)) images/s)"
    if let epoch = speed.epoch { text += ", an epoch \(Progress.duration(epoch))" }
    if let training = speed.training { text += ", the training \(Progress.duration(training))" }
    return [Finding(.ok, "speed", "\(text); \(speed.method)")]
  }
}
