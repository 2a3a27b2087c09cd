import ArgumentParser
import Basics
import ImageFiles
import RunLogging
import SegmentationData

struct DatasetShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Say what is in a dataset, and draw some of it.",
    discussion: """
      Prints sizes, classes, each class's share of the pixels and its median-frequency weight. With --output it also
      draws a page of images beside their labels, or with the boxes, masks and names of the things in them.

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
      let splits = try split.map { [$0] } ?? Dataset.splits(in: folder)
      guard let first = splits.first else {
        throw Failure(
          .missingInput, "\(folder) holds no dataset: there is no file such as train-00000-of-00001.h5",
          remedy: "make one with 'fcn-dist dataset import' or 'fcn-dist dataset synthesize'")
      }
      var counts: [LabelCounts] = []
      for split in splits {
        let dataset = try Dataset(folder: folder, split: split)
        let statistics = try DatasetStatistics.compute(
          dataset, threads: Launch.threads, progress: { console.show($0, doing: "reading") })
        console.line(Self.summary(dataset, statistics))
        counts.append(LabelCounts(dataset.info, statistics))
      }
      for warning in LabelSense.warnings(counts) { console.line("warning: \(warning)") }
      guard let output else { return }
      let drawn = splits.contains("val") ? "val" : first
      try Self.sheet(try Dataset(folder: folder, split: drawn), count: count).write(to: output)
      console.line("drew samples of \(drawn) into \(output)")
    }
  }

  static func summary(_ dataset: Dataset, _ statistics: DatasetStatistics) -> String {
    let info = dataset.info
    if let instances = statistics.instances { return instanceSummary(dataset, statistics, instances) }
    let ignored = Double(statistics.ignoredPixelCount)
    let share = ignored / max(1, ignored + Double(statistics.labelledPixelCount))
    let lines =
      imageLines(dataset, statistics) + [
        "  labels    \(info.classCount) classes, ignore label \(info.ignoreLabel); \(percentage(share)) of the "
          + "\(info.task.labelledUnit)s are of no class", "",
      ]
    var table = TextTable(leftColumns: [1])
    guard info.task == .semantic else {
      table.add(["label", "class", "images", "share"])
      for label in 0..<info.classCount {
        table.add([
          "\(label)", info.classNames[label], grouped(statistics.imageCounts[label]),
          percentage(statistics.pixelShares[label]),
        ])
      }
      return joined(lines, table)
    }
    table.add(["label", "class", "images", "pixels", "share", "median-frequency weight"])
    for label in 0..<info.classCount {
      let count = statistics.pixelCounts[label]
      table.add([
        "\(label)", info.classNames[label], grouped(statistics.imageCounts[label]), grouped(count),
        percentage(statistics.pixelShares[label]),
        count > 0 ? fixed(statistics.medianFrequencyWeights[label], 3) : "does not occur",
      ])
    }
    return joined(lines, table)
  }

  private static func imageLines(_ dataset: Dataset, _ statistics: DatasetStatistics) -> [String] {
    let info = dataset.info
    return [
      "split \(info.split): \(info.sampleCount) samples in \(dataset.shardPaths.count) shards of \(dataset.folder)",
      "  images    \(info.channels) channels, \(dataset.pixelKind(0).rawValue); \(sizes(statistics))",
      "  mean      [\(numbers(statistics.normalisation.mean))]",
      "  std       [\(numbers(statistics.normalisation.std))]",
    ]
  }

  private static func instanceSummary(
    _ dataset: Dataset, _ statistics: DatasetStatistics, _ instances: InstanceStatistics
  ) -> String {
    let info = dataset.info
    let each = fixed(Double(instances.count) / Double(max(1, instances.imageCount)), 1)
    let lines =
      imageLines(dataset, statistics) + [
        "  things    \(grouped(instances.count)), \(each) an image and at most \(instances.most); "
          + "\(grouped(instances.emptyImageCount)) images have none; \(grouped(instances.crowdCount)) crowds beside them",
        "  sizes     \(grouped(instances.smallCount)) small (mask below 32 x 32 pixels), \(grouped(instances.mediumCount)) "
          + "medium, \(grouped(instances.largeCount)) large (from 96 x 96 on)",
        "  labels    \(info.classCount) classes with the background", "",
      ]
    var table = TextTable(leftColumns: [1])
    table.add(["label", "class", "things", "share", "images"])
    for label in 1..<max(1, info.classCount) {
      table.add([
        "\(label)", info.classNames[label], grouped(statistics.pixelCounts[label]),
        percentage(statistics.pixelShares[label]), grouped(statistics.imageCounts[label]),
      ])
    }
    return joined(lines, table)
  }

  private static func joined(_ lines: [String], _ table: TextTable) -> String {
    (lines + table.text.split(separator: "\n").map { "  " + $0 } + [""]).joined(separator: "\n")
  }

  private static func sizes(_ statistics: DatasetStatistics) -> String {
    let sizes = statistics.sizes
    guard let first = sizes.first else { return "none" }
    guard sizes.count > 1 else { return "all \(first.width) x \(first.height)" }
    let byArea = sizes.sorted { $0.width * $0.height < $1.width * $1.height }
    let (smallest, largest) = (byArea[0], byArea[byArea.count - 1])
    return "\(sizes.count) sizes from \(smallest.width) x \(smallest.height) to \(largest.width) x \(largest.height), "
      + "most often \(first.width) x \(first.height)"
  }

  private static func numbers(_ values: [Float]) -> String {
    values.map { fixed(Double($0), 2) }.joined(separator: ", ")
  }

  static func sheet(_ dataset: Dataset, count: Int) throws -> Canvas {
    var sheet = ContactSheet(
      classNames: dataset.info.classNames, palette: dataset.info.palette,
      columns: dataset.info.task == .classification ? 4 : dataset.info.task == .instances ? 1 : 2)
    let count = min(count, dataset.sampleCount)
    for place in 0..<count { sheet.add(try dataset.read(place * dataset.sampleCount / count)) }
    return sheet.canvas
  }
}

extension Canvas {
  func write(to path: String) throws { try PNG.write(image, to: path) }
}
