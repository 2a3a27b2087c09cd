import ArgumentParser
import Basics
import ImageFiles
import SegmentationData
import Training

struct DatasetShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Say what is in a dataset, and draw some of it.",
    discussion: """
      Prints sizes, classes, each class's share of the pixels and its median-frequency weight. With --output it also
      draws a page of images beside their labels.

        fcn-dist dataset show data
        fcn-dist dataset show data --split val --output val.png --count 12
      """)

  @Argument(help: "The dataset's folder.") var folder: String
  @Option(help: "Only this split.") var split: String?
  @Option(help: ArgumentHelp("Draw samples into this PNG file.", valueName: "file")) var output: String?
  @Option(help: ArgumentHelp("How many samples to draw, evenly spread over the split.", valueName: "number"))
  var count = 8

  func validate() throws {
    guard (1...200).contains(count) else { throw ValidationError("--count must be in 1 … 200, found \(count)") }
  }

  func run() throws {
    try Launch.inFirstProcess {
      let console = Console.standardOutput()
      let splits = try DatasetFolder.splits(in: folder, chosen: split)
      for split in splits {
        let dataset = try Dataset(folder: folder, split: split)
        console.line(Self.summary(dataset, try DatasetFolder.survey(dataset, readingImages: false, console: console)))
      }
      guard let output else { return }
      let drawn = splits.contains("val") ? "val" : splits[0]
      try Self.sheet(try Dataset(folder: folder, split: split ?? drawn), count: count).write(to: output)
      console.line("drew samples of \(split ?? drawn) into \(output)")
    }
  }

  static func summary(_ dataset: Dataset, _ survey: DatasetSurvey) -> String {
    let info = dataset.info
    let sizes = survey.sizes.sorted { ($0.value, $1.key) > ($1.value, $0.key) }
    var lines = [
      "split \(info.split): \(info.sampleCount) samples in \(dataset.shardPaths.count) shards of \(dataset.folder)",
      "  images    \(info.channels) channels, \(dataset.pixelKind(0).rawValue); " + sizeText(sizes, survey),
      "  labels    \(info.classCount) classes, ignore label \(info.ignoreLabel); "
        + "\(percentage(share(survey.ignoredPixels, survey))) of the pixels are of no class",
      "",
    ]
    var table = TextTable(leftColumns: [1])
    table.add(["label", "class", "pixels", "share", "median-frequency weight"])
    let weights = survey.medianFrequencyWeights
    for label in 0..<info.classCount {
      table.add([
        "\(label)", info.classNames[label], grouped(Int(survey.classPixels[label])),
        percentage(Double(survey.classPixels[label]) / Double(max(1, survey.labelledPixels))),
        weights[label].map { fixed($0, 3) } ?? "does not occur",
      ])
    }
    lines += table.text.split(separator: "\n").map { "  " + $0 }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func sizeText(_ sizes: [(key: String, value: Int)], _ survey: DatasetSurvey) -> String {
    if sizes.count == 1 { return "all \(sizes[0].key)" }
    guard let smallest = survey.smallest, let largest = survey.largest else { return "none" }
    return "\(sizes.count) sizes from \(smallest.width) x \(smallest.height) to \(largest.width) x \(largest.height), "
      + "most often \(sizes[0].key)"
  }

  private static func share(_ pixels: Int64, _ survey: DatasetSurvey) -> Double {
    Double(pixels) / Double(max(1, survey.labelledPixels + survey.ignoredPixels))
  }

  static func sheet(_ dataset: Dataset, count: Int) throws -> Canvas {
    var sheet = ContactSheet(dataset.info)
    let count = min(count, dataset.sampleCount)
    for place in 0..<count { sheet.add(try dataset.read(place * dataset.sampleCount / count)) }
    return sheet.canvas
  }
}

extension Canvas {
  func write(to path: String) throws { try PNG.write(image, to: path) }
}
