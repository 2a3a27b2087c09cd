import ArgumentParser
import Basics
import Foundation
import ImageFiles
import RunLogging
import SegmentationData
import Training

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Make one HTML page of a run, or of several systems to compare.",
    discussion: """
      Writes RUN/report.html: curves, classes, timing, pictures, on a page that needs no network and nothing beside \
      it. It shows the pictures that 'fcn-dist predict --overlay --output RUN/predictions' left. Of several runs it \
      makes a page that compares them.
      With --data it compares any systems on a split: runs (by the label images in RUN/predictions), what 'baseline \
      clusters' wrote, other people's label images. It shows mean IoU, pixel accuracy and boundary F-measure, the IoU of \
      each class, and the images on which they differ most.

        fcn-dist report runs/camvid
        fcn-dist report runs/fcn32s runs/fcn16s runs/fcn8s --output compared.html \\
            --curves compared.svg
        fcn-dist report runs/fcn8s clusters others --data camvid --output page
      """)

  @Argument(help: ArgumentHelp("The folders of runs; with --data also of label images.", valueName: "folder"))
  var folders: [String]
  @Option(
    help: ArgumentHelp(
      "The page; or a folder for it and its pictures. Default: report.html in the run's folder; for several, here.",
      valueName: "file"))
  var output: String?
  @Option(help: ArgumentHelp("The dataset that the systems labelled.", valueName: "folder")) var data: String?
  @Option(help: "Its split.") var split = "val"
  @Option(help: ArgumentHelp("How many images --data shows.", valueName: "number")) var count = 6
  @Option(help: ArgumentHelp("Draw the validation mean IoU (or top-1) into this SVG file, too.", valueName: "file"))
  var curves: String?

  func validate() throws {
    guard folders.count <= RunComparison.limit else {
      throw ValidationError("At most \(RunComparison.limit) runs can be compared, found \(folders.count)")
    }
    guard (1...200).contains(count) else { throw ValidationError("--count must be in 1 … 200, found \(count)") }
    guard data == nil || curves == nil else { throw ValidationError("--curves goes without --data") }
  }

  func run() throws {
    try Launch.inFirstProcess {
      if let data { return try compare(on: Dataset(folder: data, split: split)) }
      let comparison = RunComparison(runs: try folders.map { try Self.run(in: $0) })
      let path = try page(default: folders.count == 1 ? folders[0] + "/report.html" : "report.html").path
      let html = try folders.count == 1 ? Self.page(of: folders[0]).html : comparison.html
      try Self.write(html, to: path)
      if let curves { try Self.write(comparison.score.document, to: curves) }
      Output.write("wrote \(path)\(curves.map { " and \($0)" } ?? "")")
    }
  }

  /// Where the page goes, and the folder for pictures beside it, if one was named. It is made.
  private func page(default path: String) throws -> (path: String, folder: String?) {
    guard let output else { return (path, nil) }
    var isFolder: ObjCBool = false
    let isThere = FileManager.default.fileExists(atPath: output, isDirectory: &isFolder) && isFolder.boolValue
    let hasEnding = [".html", ".htm"].contains { output.lowercased().hasSuffix($0) }
    guard isThere || !hasEnding else { return (output, nil) }
    let folder = output.hasSuffix("/") && output.count > 1 ? String(output.dropLast()) : output
    try Folder.make(folder, remedy: "give another one with --output")
    return ("\(folder)/report.html", folder)
  }

  private func compare(on dataset: Dataset) throws {
    let console = Console.standardOutput()
    let (path, folder) = try page(default: "report.html")
    let comparison = try SystemComparison(try ComparedSystem.all(in: folders, dataset), dataset) { done in
      console.transient("comparing: \(done) of \(dataset.sampleCount) images")
    }
    var pictures: [ReportPage.Picture] = []
    for (place, difference) in comparison.differences.prefix(count).enumerated() {
      let picture = try comparison.picture(difference)
      let file = try PNG.encode(picture.image)
      let name = dataset.key(difference.index)
      if let folder { try file.withUnsafeBytes { try FileBytes.write($0, to: "\(folder)/\(place + 1)-\(name).png") } }
      let what = comparison.systems.count == 1 ? "wrong" : "not the same"
      pictures.append(.init(name: "\(name): \(fixed(100 * difference.share, 1)) % of the pixels \(what)", png: file))
    }
    try Self.write(SystemPage(comparison: comparison, pictures: pictures).html, to: path)
    console.line(Self.table(comparison))
    console.line("wrote \(path)")
  }

  private static func table(_ comparison: SystemComparison) -> String {
    var table = TextTable()
    table.add(["system", "mean IoU", "pixel accuracy", "boundary F"])
    for (system, evaluation) in zip(comparison.systems, comparison.evaluations) {
      table.add([
        system.name, percentage(evaluation.confusion.meanIntersectionOverUnion),
        percentage(evaluation.confusion.pixelAccuracy), percentage(evaluation.boundary?.mean),
      ])
    }
    return table.text
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

  static func run(in folder: String) throws -> RunComparison.Run {
    let metrics = folder + "/metrics.jsonl"
    guard FileManager.default.fileExists(atPath: metrics) else {
      throw Failure(
        .missingInput, "\(folder) is not a run's folder: there is no \(metrics)",
        remedy: "give the folder that 'fcn-dist train --output' wrote; label images also need --data")
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
    let overlays = names.filter { $0.hasSuffix("-overlay.png") }.sorted()
    let count = min(pictureLimit, overlays.count)
    let sheets = names.filter { $0 == RunPictures.sheetName }
    return try (sheets + (0..<count).map { overlays[$0 * overlays.count / count] }).map { name in
      ReportPage.Picture(
        name: name == RunPictures.sheetName ? "sheet" : String(name.dropLast("-overlay.png".count)),
        isWide: name == RunPictures.sheetName, png: try FileBytes.read(folder + "/" + name))
    }
  }
}
