import Basics
import Collectives
import Kernels
import RunLogging

/// What a benchmark ran on.
struct BenchmarkMachine {
  let ranks: Int
  let machines: Int
  let threads: Int
  /// nil where no layers were computed.
  let backend: String?

  var members: [(String, JSONText)] {
    [
      ("tool_version", .text(ToolVersion.text)), ("host", .text(ProcessEnvironment.hostName)),
      ("processor", .text(Self.processor)), ("ranks", .integer(Int64(ranks))), ("machines", .integer(Int64(machines))),
      ("threads", .integer(Int64(threads))), ("engine", backend.map { .text($0) } ?? .number(nil)),
    ]
  }

  var text: String {
    let places = machines > 1 ? " on \(machines) machines" : ""
    return "machine: \(ProcessEnvironment.hostName), \(Self.processor); \(counted(ranks, "rank"))\(places), "
      + "\(counted(threads, "thread")) each" + (backend.map { "\nengine: \($0)" } ?? "")
  }

  /// - Important: Collective over `group`.
  init(_ group: any ProcessGroup, threads: Int) throws {
    ranks = group.size
    machines = try group.machineCount()
    self.threads = threads
    backend = nil
  }

  /// - Important: Collective over `group`.
  init(_ group: any ProcessGroup, _ backend: any Backend) throws {
    ranks = group.size
    machines = try group.machineCount()
    threads = backend.threadCount
    self.backend = backend.summary
  }

  private static let processor: String = {
    let lines = (SystemFile.text("/proc/cpuinfo") ?? "").split(separator: "\n")
    let line = lines.first { $0.hasPrefix("model name") }
    return line.map { String($0.drop { $0 != ":" }.dropFirst().drop { $0 == " " }) } ?? "unknown processor"
  }()
}
