import Basics
import Benchmarks
import RunLogging

/// The result of a benchmark, for people and for programs.
struct BenchmarkReport {
  struct Row {
    /// In the JSON file.
    let key: String
    let label: String
    let timings: Timings
    /// What a person reads from the median: a rate, what it is made of.
    let note: String
  }

  struct Figure {
    let key: String
    let value: Double
  }

  let name: String
  let title: String
  let machine: BenchmarkMachine
  let rounds: Rounds
  var settings: [(String, JSONText)] = []
  private(set) var rows: [Row] = []
  private(set) var figures: [Figure] = []
  /// Further tables and members, below the rows.
  var appendix: String?
  var members: [(String, JSONText)] = []
  /// The result in a sentence or two.
  var conclusion = ""

  init(_ name: String, title: String, machine: BenchmarkMachine, rounds: Rounds) {
    self.name = name
    self.title = title
    self.machine = machine
    self.rounds = rounds
  }

  mutating func add(_ key: String, _ label: String, _ timings: Timings, _ note: String = "") {
    rows.append(Row(key: key, label: label, timings: timings, note: note))
  }

  mutating func add(figure key: String, _ value: Double) { figures.append(Figure(key: key, value: value)) }

  var text: String {
    var table = TextTable(leftColumns: [0, 4])
    table.add(["", "median", "min", "max", ""])
    for row in rows {
      table.add([
        row.label, Self.time(row.timings.median), Self.time(row.timings.minimum), Self.time(row.timings.maximum),
        row.note,
      ])
    }
    let head =
      "benchmark \(name): \(title)\n\(machine.text)\n"
      + "rounds: \(rounds.repeats), after \(rounds.warmups) to warm up"
    return [head, table.text, appendix, conclusion].compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: "\n\n")
  }

  /// `seconds` holds each row, `figures` what was derived from the medians.
  var json: JSONText {
    let seconds = rows.map { row in
      (
        row.key,
        JSONText.object([
          ("median", .number(row.timings.median)), ("minimum", .number(row.timings.minimum)),
          ("maximum", .number(row.timings.maximum)), ("rounds", .list(row.timings.seconds.map { .number($0) })),
        ])
      )
    }
    return .object(
      [("benchmark", .text(name))] + machine.members + [
        ("warmups", .integer(Int64(rounds.warmups))), ("repeats", .integer(Int64(rounds.repeats))),
        ("settings", .object(settings)), ("seconds", .object(seconds)),
        ("figures", .object(figures.map { ($0.key, .number($0.value)) })),
      ] + members)
  }

  /// "3.21 s", "840 ms", "52 us".
  static func time(_ seconds: Double) -> String {
    if !seconds.isFinite { return "-" }
    if seconds >= 1 { return fixed(seconds, 2) + " s" }
    if seconds >= 1e-3 { return significant(seconds * 1e3, 3) + " ms" }
    return significant(seconds * 1e6, 3) + " us"
  }

  static func gigabytes(_ bytes: Double, in seconds: Double) -> String {
    "\(significant(bytes / seconds / 1e9, 3)) GB/s"
  }
}
