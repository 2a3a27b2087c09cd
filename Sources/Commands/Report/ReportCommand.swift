import ArgumentParser
import Basics
import Foundation
import RunLogging

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Make one HTML page of a run, or of several to compare.",
    discussion: """
      Writes RUN/report.html: curves, classes, timing, pictures, on a page that needs no network and nothing beside \
      it. It shows the pictures that 'fcn-dist predict --overlay --output RUN/predictions' left. Of several runs it \
      makes a page that compares them.

        fcn-dist report runs/camvid
        fcn-dist report runs/fcn32s runs/fcn16s runs/fcn8s --output compared.html \\
            --curves compared.svg
      """)

  @Argument(help: ArgumentHelp("The folders of runs.", valueName: "run")) var folders: [String]
  @Option(
    help: ArgumentHelp("The page. Default: report.html in the run's folder; for several runs, here.", valueName: "file")
  )
  var output: String?
  @Option(help: ArgumentHelp("Draw the validation mean IoU (or top-1) into this SVG file, too.", valueName: "file"))
  var curves: String?

  func validate() throws {
    guard folders.count <= RunComparison.limit else {
      throw ValidationError("At most \(RunComparison.limit) runs can be compared, found \(folders.count)")
    }
  }

  func run() throws {
    try Launch.inFirstProcess {
      let comparison = RunComparison(runs: try folders.map { try Self.run(in: $0) })
      let path = output ?? (folders.count == 1 ? folders[0] + "/report.html" : "report.html")
      let html = try folders.count == 1 ? Self.page(of: folders[0]).html : comparison.html
      try Self.write(html, to: path)
      if let curves { try Self.write(comparison.score.document, to: curves) }
      Output.write("wrote \(path)\(curves.map { " and \($0)" } ?? "")")
    }
  }

  /// Writes the report of the run in `folder`.
  ///
  /// - Returns: the page's path.
  static func write(_ folder: String) throws -> String {
    let path = folder + "/report.html"
    try write(try page(of: folder).html, to: path)
    return path
  }

  private static func write(_ text: String, to path: String) throws {
    try Array(text.utf8).withUnsafeBytes { try FileBytes.write($0, to: path) }
  }

  private static func run(in folder: String) throws -> RunComparison.Run {
    let metrics = folder + "/metrics.jsonl"
    guard FileManager.default.fileExists(atPath: metrics) else {
      throw Failure(
        .missingInput, "\(folder) is not a run's folder: there is no \(metrics)",
        remedy: "give the folder that 'fcn-dist train --output' wrote")
    }
    return RunComparison.Run(
      name: URL(fileURLWithPath: folder).standardizedFileURL.lastPathComponent,
      summary: RunSummary(metrics: try MetricsContent(path: metrics)))
  }

  static func page(of folder: String) throws -> ReportPage {
    let run = try run(in: folder)
    let configuration = String(decoding: try FileBytes.read(folder + "/config.yaml"), as: UTF8.self)
    return ReportPage(
      title: run.name, summary: run.summary, configuration: configuration,
      command: repetition(of: folder, configuration),
      pictures: try pictures(in: folder + "/predictions"),
      pictureCommand: """
        fcn-dist predict --checkpoint \(folder)/checkpoints/best.h5 --data DIR --split val \\
          \(RunPictures.options(of: folder, run.summary.lastEvaluation?.task ?? .semantic).joined(separator: " "))
        fcn-dist report \(folder)
        """)
  }

  /// How the run was started, which the first line of its configuration says, and how to start it again.
  private static func repetition(of folder: String, _ configuration: String) -> String {
    let first = configuration.split(separator: "\n").first ?? ""
    let started = first.hasPrefix("# fcn-dist ") ? "\(first)\n" : ""
    return started + "fcn-dist train --config \(folder)/config.yaml --output \(folder)-again"
  }

  /// At most this many pictures are shown, evenly spaced.
  private static let pictureLimit = 12

  private static func pictures(in folder: String) throws -> [ReportPage.Picture] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let overlays = names.filter { $0.hasSuffix("-overlay.png") || $0 == RunPictures.sheetName }.sorted()
    let count = min(pictureLimit, overlays.count)
    return try (0..<count).map { place in
      let name = overlays[place * overlays.count / count]
      return ReportPage.Picture(
        name: name == RunPictures.sheetName ? "sheet" : String(name.dropLast("-overlay.png".count)),
        png: try FileBytes.read(folder + "/" + name))
    }
  }
}
