import Foundation

/// What a benchmark said and wrote with `--json`.
struct BenchmarkResult {
  /// What every file says about where it was measured.
  static let commonKeys = [
    "benchmark", "engine", "figures", "host", "machines", "processor", "ranks", "repeats", "seconds", "settings",
    "threads", "tool_version", "warmups",
  ]

  /// A network that any machine runs in no time.
  static let tinyModel = [
    "--set", "model.widths=[4, 4, 4, 4, 4]", "--set", "model.fc=8", "--height", "32", "--width", "48", "--backend",
    "portable", "--threads", "1",
  ]

  let exitCode: Int32
  let output: String
  let errors: String
  /// Files that the tool left in the folder for temporary files.
  let leftovers: [String]
  /// Empty where there is no file.
  let json: [String: Any]

  /// Runs `fcn-dist benchmark` with two rounds.
  init(_ arguments: [String]) throws {
    var outcome: Tool.Outcome?
    var data = Data()
    var leftovers: [String] = []
    try withTool { tool in
      let scratch = tool.folder + "/scratch"
      try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
      outcome = try tool(
        ["benchmark"] + arguments + ["--json", "result.json"], environment: ["TMPDIR": scratch])
      data = FileManager.default.contents(atPath: tool.folder + "/result.json") ?? Data()
      leftovers = try FileManager.default.contentsOfDirectory(atPath: scratch).filter { $0.hasPrefix("fcn-dist") }
    }
    exitCode = outcome?.exitCode ?? -1
    output = outcome?.output ?? ""
    errors = outcome?.errors ?? ""
    self.leftovers = leftovers
    json = (try? JSONSerialization.jsonObject(with: data) as? [String: Any]) ?? [:]
  }

  /// The names in a section of the file, sorted.
  func keys(_ section: String) -> [String] { ((json[section] as? [String: Any]) ?? [:]).keys.sorted() }

  func number(_ section: String, _ key: String) -> Double? {
    ((json[section] as? [String: Any])?[key] as? NSNumber)?.doubleValue
  }

  /// The seconds of every round.
  func rounds(_ key: String) -> [Double] {
    let timing = (json["seconds"] as? [String: Any])?[key] as? [String: Any]
    return (timing?["rounds"] as? [NSNumber])?.map(\.doubleValue) ?? []
  }
}
