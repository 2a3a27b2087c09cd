import ArgumentParser
import Basics
import Collectives
import MPITransport
import Regions
import RunLogging
import SegmentationData
import Training

struct BaselineClustersCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "clusters", abstract: "Label the regions of a split, and score them as a network is scored.",
    discussion: """
      Writes a palette PNG for each image, as predict does, and prints the table of evaluate. With --oracle each region \
      gets the label that most of its pixels truly have: no labels of these regions have more pixels right. All \
      ranks share the images; the result does not depend on how many there are.

        fcn-dist baseline clusters --data camvid --model regions.h5 --output clusters
        fcn-dist baseline clusters --data camvid --oracle --output oracle \\
            --sheet oracle.png --json oracle.json
        fcn-dist baseline clusters --data camvid --model regions.h5 --output clusters \\
            --sheet beside.png --beside runs/fcn/predictions
      """)

  @Option(help: ArgumentHelp("The dataset's folder.", valueName: "folder")) var data: String
  @Option(help: "The split.") var split = "val"
  @Option(help: ArgumentHelp("What 'baseline fit' wrote.", valueName: "file")) var model: String?
  @Flag(help: "Take the true labels of most of a region's pixels instead of a model.") var oracle = false
  @Option(help: ArgumentHelp("The folder for the label images.", valueName: "folder")) var output: String
  @Option(help: ArgumentHelp("Write the result, as evaluate does, into this file.", valueName: "file"))
  var json: String?
  @Option(
    help: ArgumentHelp("Draw images, superpixels and regions, labels and results into this PNG.", valueName: "file"))
  var sheet: String?
  @Option(help: ArgumentHelp("How many images --sheet shows, evenly spread.", valueName: "number")) var count = 6
  @Option(
    help: ArgumentHelp(
      "A folder of another system's label PNGs, shown on --sheet beside the clusters. May be given again.",
      valueName: "folder"))
  var beside: [String] = []
  @OptionGroup var options: RegionOptions

  func validate() throws {
    guard oracle != (model != nil) else {
      throw ValidationError(oracle ? "Give --model or --oracle, not both" : "Give --model FILE, or --oracle")
    }
    guard beside.isEmpty || sheet != nil else { throw ValidationError("--beside goes with --sheet") }
    guard (1...200).contains(count) else { throw ValidationError("--count must be in 1 … 200, found \(count)") }
  }

  func run() throws {
    withMPI { (group: MPIProcessGroup) -> Void in
      let dataset = try Dataset(folder: data, split: split)
      try dataset.require(.semantic, for: "baseline clusters")
      let model = try model.map { try readModel($0, dataset) }
      let settings = try options.settings(over: model?.settings ?? RegionSettings(), of: self.model)
      let console = Console.standardOutput()
      if group.isCoordinator { try Folder.make(output, remedy: "give another one with --output") }
      let threads = try options.threadCount(group)
      try group.barrier()
      var job = ClusterJob(
        dataset: dataset, settings: settings, nearest: model.map { NearestRegions($0, settings: settings) },
        files: PredictionFiles(
          folder: output, classNames: dataset.info.classNames, palette: dataset.info.palette, withOverlay: false,
          hasTruth: true))
      job.others = try beside.map { try ForeignPredictions(folder: $0, dataset: dataset) }
      for place in job.others.indices { try job.others[place].settle(over: group) }
      let watch = Stopwatch()
      let evaluation = try job.run(over: group, threads: threads) { done, count in
        if group.isCoordinator { console.transient("clustering: \(done) of this rank's \(count) images") }
      }
      // All ranks' pictures are there: the sheet is made of them.
      try group.barrier()
      guard group.isCoordinator else { return }
      let report = EvaluationReport(split: split, classNames: dataset.info.classNames, evaluation: evaluation)
      console.line(report.table)
      console.line(
        "\(counted(evaluation.imageCount, "image")) in \(fixed(watch.seconds, 1)) s, wrote them into \(output)")
      if let json {
        try Array((report.json.line + "\n").utf8).withUnsafeBytes { try FileBytes.write($0, to: json) }
        console.line("wrote \(json)")
      }
      guard let sheet else { return }
      try job.sheet(count: count).write(to: sheet)
      console.line("drew \(sheet)")
    }
  }

  private func readModel(_ path: String, _ dataset: Dataset) throws -> RegionModel {
    let model = try RegionModel(path: path)
    let names = dataset.info.classNames
    guard model.classNames == names else {
      let place = zip(model.classNames, names).enumerated().first { $1.0 != $1.1 }?.offset
      let difference =
        place.map { "class \($0) is '\(model.classNames[$0])' there and '\(names[$0])' here" }
        ?? "it knows \(model.classNames.count) classes, here are \(names.count)"
      throw Failure(
        .badData, "\(path) is of other classes than \(data): \(difference)",
        remedy: "fit a model to this dataset with 'fcn-dist baseline fit'")
    }
    return model
  }
}
