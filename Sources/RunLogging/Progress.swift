import Basics

/// Tells a person how the training goes: on a terminal one line that is rewritten, in a log a line now and then.
package final class Progress {
  private let console: Console
  private let totalSteps: Int
  private let totalEpochs: Double
  private let now: () -> Double
  private let start: Double
  private var lastStep: Int
  private var lastTime: Double
  private var lastShown = -Double.infinity
  private var secondsPerStep: Double?

  /// - Parameters:
  ///   - step: finished steps at the start (after a resume, not 0).
  ///   - now: seconds of a clock that only goes forward.
  package init(
    console: Console, totalSteps: Int, totalEpochs: Double, startingAtStep step: Int,
    now: @escaping () -> Double = Progress.secondsOfClock()
  ) {
    self.console = console
    self.totalSteps = totalSteps
    self.totalEpochs = totalEpochs
    self.now = now
    start = now()
    lastStep = step
    lastTime = start
  }

  /// Shows the step where it is time to.
  package func show(_ record: StepRecord) {
    let time = now()
    advance(to: record.step, at: time)
    if console.isTerminal, time - lastShown >= 0.1 || record.step == totalSteps {
      lastShown = time
      console.transient(text(record))
    }
    if !console.isTerminal, isLineDue(record.step, time) {
      lastShown = time
      console.line(text(record))
    }
  }

  private static func secondsOfClock() -> () -> Double {
    let origin = ContinuousClock.now
    return {
      let (seconds, attoseconds) = (ContinuousClock.now - origin).components
      return Double(seconds) + Double(attoseconds) * 1e-18
    }
  }

  /// A mean over about the last twenty steps that starts exact.
  private func advance(to step: Int, at time: Double) {
    guard step > lastStep else { return }
    let measured = (time - lastTime) / Double(step - lastStep)
    secondsPerStep = secondsPerStep.map { $0 + (measured - $0) * 0.1 } ?? measured
    lastStep = step
    lastTime = time
  }

  /// Often at first, when people look whether it works; then every minute.
  private func isLineDue(_ step: Int, _ time: Double) -> Bool {
    let interval = time - start < 60 ? 5.0 : time - start < 600 ? 20.0 : 60.0
    return step == totalSteps || time - lastShown >= interval
  }

  private func text(_ record: StepRecord) -> String {
    let left = (secondsPerStep ?? 0) * Double(totalSteps - record.step)
    return [
      "step \(record.step)/\(totalSteps)",
      "epoch \(fixed(record.epoch, 2))/\(fixed(totalEpochs, totalEpochs.rounded() == totalEpochs ? 0 : 2))",
      "loss \(significant(record.loss, 4))",
      "rate \(significant(record.learningRate, 3))",
      "\(significant(record.imagesPerSecond, 3)) images/s",
      "\(Self.duration(left)) left",
    ].joined(separator: "  ")
  }

  /// "43 s", "12:05", "3:04:05".
  package static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e9 else { return "?" }
    let whole = Int(max(0, seconds).rounded())
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60):\(two(whole % 60))" }
    return "\(whole / 3600):\(two(whole / 60 % 60)):\(two(whole % 60))"
  }
}
