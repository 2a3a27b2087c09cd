import ArgumentParser
import Basics
import Foundation
import Training

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Make one HTML page of a run: curves, classes, timing, pictures.",
    discussion: """
      Writes RUN/report.html, a page that needs no network and nothing beside it. It shows the pictures that
      'fcn-dist predict --overlay --output RUN/predictions' left.

        fcn-dist report runs/camvid
      """)

  @Argument(help: ArgumentHelp("The run's folder.", valueName: "run")) var folder: String

  func run() throws {
    try Launch.inFirstProcess {
      Output.write("wrote \(try Self.write(folder))")
    }
  }

  /// Writes the report of the run in `folder`.
  ///
  /// - Returns: the page's path.
  static func write(_ folder: String) throws -> String {
    let path = folder + "/report.html"
    try Array(try page(of: folder).html.utf8).withUnsafeBytes { try FileBytes.write($0, to: path) }
    return path
  }

  static func page(of folder: String) throws -> ReportPage {
    let metrics = folder + "/metrics.jsonl"
    guard FileManager.default.fileExists(atPath: metrics) else {
      throw Failure(
        .missingInput, "\(folder) is not a run's folder: there is no \(metrics)",
        remedy: "give the folder that 'fcn-dist train --output' wrote")
    }
    let configuration = String(decoding: try FileBytes.read(folder + "/config.yaml"), as: UTF8.self)
    let name = URL(fileURLWithPath: folder).standardizedFileURL.lastPathComponent
    return ReportPage(
      title: name, summary: RunSummary(metrics: try MetricsContent(path: metrics)), configuration: configuration,
      command: repetition(of: folder, configuration),
      pictures: try pictures(in: folder + "/predictions"),
      pictureCommand: """
        fcn-dist predict --checkpoint \(folder)/checkpoints/best.h5 --data DIR --split val --overlay \\
          --output \(folder)/predictions
        fcn-dist report \(folder)
        """)
  }

  /// How the run was started, which the first line of its configuration says, and how to start it again.
  private static func repetition(of folder: String, _ configuration: String) -> String {
    let first = configuration.split(separator: "\n").first ?? ""
    let started = first.hasPrefix("# fcn-dist ") ? "\(first)\n" : ""
    return started + "fcn-dist train --config \(folder)/config.yaml --output \(folder)-again"
  }

  /// At most so many pictures are shown, evenly spread over those that there are.
  private static let pictureLimit = 12

  private static func pictures(in folder: String) throws -> [ReportPage.Picture] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let overlays = names.filter { $0.hasSuffix("-overlay.png") }.sorted()
    let count = min(pictureLimit, overlays.count)
    return try (0..<count).map { place in
      let name = overlays[place * overlays.count / count]
      return ReportPage.Picture(
        name: String(name.dropLast("-overlay.png".count)), png: try FileBytes.read(folder + "/" + name))
    }
  }
}
