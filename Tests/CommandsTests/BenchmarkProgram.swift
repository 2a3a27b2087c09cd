import Foundation

/// The program `fcn-dist`, built beside these tests, run with a benchmark's arguments.
struct BenchmarkProgram {
  struct Outcome {
    let exitCode: Int32
    let output: String
    let errors: String
    /// The file that `--json` named; empty where there is none.
    let json: [String: Any]

    /// The names in a section of the file, sorted.
    func keys(_ section: String) -> [String] { ((json[section] as? [String: Any]) ?? [:]).keys.sorted() }

    func number(_ section: String, _ key: String) -> Double? {
      ((json[section] as? [String: Any])?[key] as? NSNumber)?.doubleValue
    }

    /// How many rounds a timing has.
    func roundCount(_ key: String) -> Int? {
      let timing = (json["seconds"] as? [String: Any])?[key] as? [String: Any]
      return (timing?["rounds"] as? [Any])?.count
    }
  }

  /// What every result says about where it was measured.
  static let commonKeys = [
    "benchmark", "engine", "figures", "host", "machines", "processor", "ranks", "repeats", "seconds", "settings",
    "threads", "tool_version", "warmups",
  ]

  /// A network that any machine runs in no time.
  static let tinyModel = [
    "--set", "model.widths=[4, 4, 4, 4, 4]", "--set", "model.fc=8", "--height", "32", "--width", "48", "--backend",
    "portable", "--threads", "1",
  ]

  static func run(_ arguments: [String]) throws -> Outcome {
    let folder = FileManager.default.temporaryDirectory.path + "/fcn-dist-test-\(UInt32.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try path())
    process.arguments = ["benchmark"] + arguments + ["--json", folder + "/result.json"]
    var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("OMPI_COMM_WORLD") }
    environment["OMPI_ALLOW_RUN_AS_ROOT"] = "1"
    environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1"
    environment["TMPDIR"] = folder
    process.environment = environment
    let streams = try [folder + "/output", folder + "/errors"].map { name in
      FileManager.default.createFile(atPath: name, contents: nil)
      return try FileHandle(forWritingTo: URL(fileURLWithPath: name))
    }
    process.standardOutput = streams[0]
    process.standardError = streams[1]
    try process.run()
    process.waitUntilExit()
    func text(_ name: String) -> String {
      String(decoding: FileManager.default.contents(atPath: "\(folder)/\(name)") ?? Data(), as: UTF8.self)
    }
    let json = try? JSONSerialization.jsonObject(with: Data(text("result.json").utf8)) as? [String: Any]
    return Outcome(
      exitCode: process.terminationStatus, output: text("output"), errors: text("errors"), json: json ?? [:])
  }

  struct NotBuilt: Error {}

  private static func path() throws -> String {
    let bundle = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let folders = [bundle] + CommandLine.arguments.prefix(1)
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().path
    let places = folders.map { URL(fileURLWithPath: $0).deletingLastPathComponent().path } + ["\(root)/.build/release"]
    guard let place = places.first(where: { FileManager.default.isExecutableFile(atPath: "\($0)/fcn-dist") }) else {
      throw NotBuilt()
    }
    return place + "/fcn-dist"
  }
}
