import ArgumentParser
import Basics
import Collectives
import MPITransport
import Regions
import RunLogging
import SegmentationData

struct BaselineFitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fit", abstract: "Learn what regions of each class look like.",
    discussion: """
      Keeps descriptors of the training images' regions, each with the label of most of its pixels, in one HDF5 file. \
      All ranks share the images; the file does not depend on how many there are.

        fcn-dist baseline fit --data camvid --output regions.h5
        mpirun -n 8 fcn-dist baseline fit --data camvid --output regions.h5 \\
            --set superpixels.count=900 --set merge.scale=8

      Keys and defaults: \(RegionOptions.keyTable).
      """)

  @Option(help: ArgumentHelp("The dataset's folder.", valueName: "folder")) var data: String
  @Option(help: "The split to learn from.") var split = "train"
  @Option(help: ArgumentHelp("The model's file.", valueName: "file")) var output: String
  @OptionGroup var options: RegionOptions

  func run() throws {
    withMPI { (group: MPIProcessGroup) -> Void in
      let dataset = try Dataset(folder: data, split: split)
      try dataset.require(.semantic, for: "baseline fit")
      let settings = try options.settings(over: RegionSettings())
      let console = Console.standardOutput()
      let own = try regions(dataset, settings, group, threads: options.threadCount(group), console)
      let all = try group.allGather(LabelledRegion.encoded(own)).flatMap(LabelledRegion.decoded)
      guard group.isCoordinator else { return }
      let kept = LabelledRegion.chosen(from: all, perClass: settings.regionsPerClass)
      guard !kept.isEmpty else {
        throw Failure(
          .badData, "no region of split \(split) in \(data) has a label: its pixels are ignored",
          remedy: "look at it with 'fcn-dist dataset show', or set fit.purity lower")
      }
      try RegionModel(settings: settings, classNames: dataset.info.classNames, regions: kept).write(to: output)
      var counts = [Int](repeating: 0, count: dataset.info.classCount)
      for region in kept { counts[Int(region.label)] += 1 }
      let classes = zip(dataset.info.classNames, counts).map { "\($0) \(grouped($1))" }.joined(separator: ", ")
      console.line("\(counted(kept.count, "region")) of \(counted(dataset.sampleCount, "image")): \(classes)")
      console.line("wrote \(output)")
    }
  }

  /// The labelled regions of this rank's images, no more of a class than will be kept.
  private func regions(
    _ dataset: Dataset, _ settings: RegionSettings, _ group: any ProcessGroup, threads: Int, _ console: Console
  ) throws -> [LabelledRegion] {
    let indices = Array(stride(from: group.rank, to: dataset.sampleCount, by: group.size))
    var found: [LabelledRegion] = []
    try OrderedWork.run(count: indices.count, threads: threads) { place in
      Self.regions(of: try dataset.read(indices[place]), index: indices[place], dataset.info, settings)
    } take: { place, regions in
      found += regions
      if place % 64 == 63 { found = LabelledRegion.chosen(from: found, perClass: settings.regionsPerClass) }
      if group.isCoordinator { console.transient("fitting: \(place + 1) of this rank's \(indices.count) images") }
    }
    return LabelledRegion.chosen(from: found, perClass: settings.regionsPerClass)
  }

  private static func regions(
    of sample: RawSample, index: Int, _ info: DatasetInfo, _ settings: RegionSettings
  ) -> [LabelledRegion] {
    let image = LabImage(sample)
    let regions = settings.regions(of: image).regions
    let rows = RegionDescriptors.rows(of: regions, in: image)
    let sizes = regions.sizes
    let majorities = regions.majorities(of: sample.labels, classCount: info.classCount, ignored: info.ignoreValue)
    return majorities.enumerated().compactMap { number, majority in
      guard let majority, Double(majority.pixels) >= settings.purity * Double(sizes[number]) else { return nil }
      let start = number * RegionDescriptors.count
      return LabelledRegion(
        label: majority.label, image: index, number: number,
        descriptor: Array(rows[start..<start + RegionDescriptors.count]))
    }
  }
}

extension LabImage {
  /// What a person sees of a sample (`Canvas.init(_:)`): images of any depth and number of channels.
  init(_ sample: RawSample) {
    self.init(width: sample.width, height: sample.height, pixels: Canvas(sample).pixels)
  }
}
