import Collectives
import RunLogging

/// A part of a step, in the order in which they run.
enum StepPhase: CaseIterable {
  case loading, counting, computing, summing, verifying, reducing, updating, publishing, sealing, preparing

  /// What the watchdog says this rank is doing; nil where the phase before goes on in its eyes.
  fileprivate var heartbeat: String? {
    switch self {
    case .loading: "loading samples"
    case .counting: "counting pixels"
    case .computing: "computing gradients"
    case .summing: "summing gradients"
    case .updating: "updating parameters"
    case .publishing: "spreading parameters"
    case .preparing: "preparing parameters"
    case .verifying, .reducing, .sealing: nil
    }
  }

  /// Does the rank wait for others in it?
  fileprivate var isWaiting: Bool {
    switch self {
    case .loading, .computing, .updating: false
    case .counting, .summing, .verifying, .reducing, .publishing, .sealing, .preparing: true
    }
  }

  /// Where its time is counted.
  fileprivate var clock: WritableKeyPath<StepRecord.Seconds, Double>? {
    switch self {
    case .loading: \.data
    case .counting: nil
    case .computing: \.compute
    case .summing, .verifying, .reducing: \.exchange
    case .updating, .publishing, .sealing, .preparing: \.update
    }
  }
}

/// What stands around every phase of a step: the watchdog's heartbeat before it, the stopwatch over it, and injected
/// faults after it.
struct StepPhases {
  let step: Int
  private let watchdog: Watchdog?
  private let after: (StepPhase, Int, Double) -> Void
  private let watch = Stopwatch()
  private(set) var seconds = StepRecord.Seconds(data: 0, compute: 0, exchange: 0, update: 0)

  /// - Parameters:
  ///   - step: updates done before.
  ///   - after: called after each phase with the phase, the step and the seconds that the phase took; its own time counts
  ///     as the phase's.
  init(step: Int, watchdog: Watchdog?, after: @escaping (StepPhase, Int, Double) -> Void) {
    self.step = step
    self.watchdog = watchdog
    self.after = after
  }

  /// Seconds since the step began.
  var elapsed: Double { watch.seconds }

  mutating func run<Result>(_ phase: StepPhase, _ body: () throws -> Result) rethrows -> Result {
    if let heartbeat = phase.heartbeat {
      watchdog?.heartbeat(heartbeat, step: step, isWaiting: phase.isWaiting)
    }
    let watch = Stopwatch()
    let result = try body()
    after(phase, step, watch.seconds)
    if let clock = phase.clock { seconds[keyPath: clock] += watch.seconds }
    return result
  }
}
