import Basics
import Collectives
import Training

/// What a benchmark ran on.
struct BenchmarkMachine {
  let ranks: Int
  let machines: Int
  let threads: Int
  let engine: String?

  var members: [(String, JSONText)] {
    [
      ("tool_version", .text(ToolVersion.text)), ("host", .text(ProcessEnvironment.hostName)),
      ("processor", .text(Self.processor)), ("ranks", .integer(Int64(ranks))), ("machines", .integer(Int64(machines))),
      ("threads", .integer(Int64(threads))), ("engine", engine.map { .text($0) } ?? .number(nil)),
    ]
  }

  var text: String {
    let places = machines > 1 ? " on \(machines) machines" : ""
    return "machine: \(ProcessEnvironment.hostName), \(Self.processor); \(counted(ranks, "rank"))\(places), "
      + "\(counted(threads, "thread")) each" + (engine.map { "\nengine: \($0)" } ?? "")
  }

  /// How many machines the ranks of `group` are on.
  ///
  /// - Important: Collective over `group`.
  static func machineCount(_ group: any ProcessGroup) throws -> Int {
    let machine = try group.nodeGroup()
    defer { try? machine.close() }
    return Int(try group.allReduce(machine.rank == 0 ? 1 : 0, .sum))
  }

  private static let processor: String = {
    let lines = (SystemFile.text("/proc/cpuinfo") ?? "").split(separator: "\n")
    let line = lines.first { $0.hasPrefix("model name") }
    return line.map { String($0.drop { $0 != ":" }.dropFirst().drop { $0 == " " }) } ?? "unknown processor"
  }()
}

/// "1 rank", "2 ranks".
func counted(_ count: Int, _ noun: String, _ plural: String? = nil) -> String {
  "\(grouped(count)) \(count == 1 ? noun : plural ?? noun + "s")"
}
