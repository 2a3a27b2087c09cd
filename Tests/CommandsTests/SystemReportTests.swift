import Foundation
import ImageFiles
import TestSupport
import Testing

/// `report A B C --data D`: runs, clusters and other people's label images in one table.
@Suite struct SystemReportTests {
  private static let page =
    (try? String(contentsOfFile: TestedPackage.folder + "/docs/comparing.md", encoding: .utf8)) ?? ""

  /// The commands of the page, as words: those of fcn-dist, and `mkdir`, `cp` of the shell.
  private static var commands: [String] {
    var commands: [String] = []
    var isContinued = false
    for line in page.split(separator: "\n", omittingEmptySubsequences: false) where line.hasPrefix("    ") {
      let text = line.trimmingCharacters(in: .whitespaces)
      let body = text.hasSuffix("\\") ? String(text.dropLast()) : text
      if isContinued { commands[commands.count - 1] += body } else { commands.append(body) }
      isContinued = text.hasSuffix("\\")
    }
    return commands
  }

  @Test func everyCommandOfThePageRuns() throws {
    try withTool { tool in
      let commands = Self.commands
      #expect(commands.count == 10, "\(commands)")
      for command in commands {
        #expect(command.hasPrefix("fcn-dist "), "\(command)")
        // The same training, for a moment.
        let short = command.replacing("train.steps=300", with: "train.steps=2")
        let outcome = try tool(short.split(separator: " ").dropFirst().map(String.init))
        #expect(outcome.exitCode == 0, "\(command): \(outcome)")
      }
      let files = try FileManager.default.subpathsOfDirectory(atPath: tool.folder)
      #expect(files.contains("compared/report.html") && files.contains("beside.png"), "\(files)")
      #expect(files.contains { $0.hasPrefix("compared/1-scene-") && $0.hasSuffix(".png") }, "\(files)")
      let page = try String(contentsOfFile: "\(tool.folder)/compared/report.html", encoding: .utf8)
      for text in ["clusters", "oracle", "fcn", "Boundary F-measure", "differ most", "data:image/png", "<svg"] {
        #expect(page.contains(text), "\(text)")
      }
      #expect(!page.contains("<script") && !page.contains("http"))
      // The table says what evaluate says.
      let scored = try tool("evaluate --predictions oracle --data data")
      let value = try #require(scored.output.firstMatch(of: #/mean IoU ([0-9.]+ %)/#)).1
      #expect(page.contains("\(value)"), "\(scored.output)")
    }
  }

  @Test func saysWhatIsMissing() throws {
    try withTool { tool in
      #expect(try tool("dataset synthesize --output data --train 3 --val 2 --height 48 --width 64").exitCode == 0)
      #expect(try tool("baseline clusters --data data --oracle --output oracle").exitCode == 0)
      func expect(_ arguments: String, _ code: Int32, _ texts: String...) throws {
        let outcome = try tool(arguments)
        #expect(outcome.exitCode == code, "\(arguments): \(outcome)")
        for text in texts { #expect(outcome.errors.contains(text), "\(arguments): \(outcome)") }
      }
      try expect("report oracle", 66, "is not a run's folder", "--data")
      try expect("report nothing --data data", 66, "cannot read the folder nothing")
      try expect("report oracle --data data --split test", 66, "no shards of split 'test'")
      try expect(
        "report oracle --data data --split train", 66, "lacks 1 of the 3 images of split train: scene-00002.png")
      try expect("report oracle --data data --curves a.svg", 64, "--curves goes without --data")
      try expect("report oracle --data data --count 0", 64, "--count must be in")
      try FileManager.default.createDirectory(atPath: "\(tool.folder)/run", withIntermediateDirectories: false)
      try Data().write(to: URL(fileURLWithPath: "\(tool.folder)/run/metrics.jsonl"))
      try expect("report run oracle --data data", 66, "has no label images", "fcn-dist predict --checkpoint run/")
      try expect("baseline clusters --data data --oracle --output o --beside oracle", 64, "--beside goes with --sheet")
      // One system has images, too: where it is wrong.
      let one = try tool("report oracle --data data --output one.html")
      #expect(one.exitCode == 0 && one.output.contains("wrote one.html"), "\(one)")
      let text = try String(contentsOfFile: "\(tool.folder)/one.html", encoding: .utf8)
      #expect(text.contains("most pixels wrong"))
    }
  }
}
