import Collectives
import Training

/// Measures things in turn, round after round, so that a machine that becomes slower or faster meanwhile treats all of
/// them alike.
package struct Rounds: Sendable {
  /// Rounds before the first that counts.
  package let warmups: Int
  package let repeats: Int

  package init(warmups: Int, repeats: Int) {
    self.warmups = max(0, warmups)
    self.repeats = max(1, repeats)
  }

  /// - Parameter body: one round. It times what it wants to under the same names, in the same order, in every round
  ///   and on every rank.
  /// - Returns: for each name the time of the slowest rank, round by round.
  /// - Important: Collective.
  package func run(over group: any ProcessGroup, _ body: (Round) throws -> Void) throws -> Measurements {
    var names: [String] = []
    var columns: [[Double]] = []
    for index in 0..<warmups + repeats {
      let round = Round()
      try body(round)
      var seconds = round.seconds
      try group.allReduce(&seconds, .maximum)
      guard index >= warmups else { continue }
      if names.isEmpty {
        names = round.names
        columns = names.map { _ in [] }
      }
      for (place, value) in seconds.enumerated() { columns[place].append(value) }
    }
    return Measurements(names: names, timings: columns.map { Timings($0) })
  }
}

/// The clock of one round.
package final class Round {
  fileprivate private(set) var names: [String] = []
  fileprivate private(set) var seconds: [Double] = []

  /// Runs `body` and notes its time. Times may lie within others.
  package func time<T>(_ name: String, _ body: () throws -> T) rethrows -> T {
    let place = names.count
    names.append(name)
    seconds.append(0)
    let watch = Stopwatch()
    defer { seconds[place] = watch.seconds }
    return try body()
  }

  /// Notes a time that was taken otherwise.
  package func note(_ name: String, _ seconds: Double) {
    names.append(name)
    self.seconds.append(seconds)
  }
}

/// What some rounds came to.
package struct Measurements: Sendable {
  package let names: [String]
  package let timings: [Timings]

  /// No timings at all for a name that was not measured.
  package subscript(name: String) -> Timings {
    names.firstIndex(of: name).map { timings[$0] } ?? Timings([])
  }
}
