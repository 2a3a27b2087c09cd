import Collectives
import Regions
import SegmentationData
import Training

/// The work of `baseline clusters`: image i is rank i modulo size's.
struct ClusterJob: Sendable {
  let dataset: Dataset
  let settings: RegionSettings
  /// nil: the true labels of most pixels.
  let nearest: NearestRegions?
  let files: PredictionFiles
  /// Of other systems, shown beside.
  var others: [ForeignPredictions] = []

  /// Labels, writes and counts every image of the split once: the same bits for any number of ranks and threads.
  ///
  /// - Returns: an evaluation whose loss is not a number: labels alone have none.
  /// - Important: Collective.
  func run(
    over group: any ProcessGroup, threads: Int, progress: (_ done: Int, _ count: Int) -> Void
  ) throws -> Evaluation {
    let indices = Array(stride(from: group.rank, to: dataset.sampleCount, by: group.size))
    var tally = PixelTally(classCount: dataset.info.classCount)
    try OrderedWork.run(count: indices.count, threads: threads) { place in
      let sample = try dataset.read(indices[place])
      let prediction = Predictor.Prediction(sample: sample, classes: classes(of: sample), logits: [])
      try files.write(prediction, key: sample.key)
      return prediction
    } take: { place, prediction in
      let sample = prediction.sample
      tally.accumulate(
        labels: sample.labels, predictions: prediction.classes, height: sample.height, width: sample.width,
        ignoreLabel: dataset.info.ignoreValue)
      progress(place + 1, indices.count)
    }
    try tally.allReduce(over: group)
    return tally.evaluation
  }

  /// A class for each pixel: that of its region.
  private func classes(of sample: RawSample) -> [UInt16] {
    let image = LabImage(sample)
    let regions = settings.regions(of: image).regions
    let labels: [UInt16]
    if let nearest {
      let rows = RegionDescriptors.rows(of: regions, in: image)
      labels = (0..<regions.count).map {
        nearest.label(of: rows[$0 * RegionDescriptors.count..<($0 + 1) * RegionDescriptors.count])
      }
    } else {
      let (count, ignored) = (dataset.info.classCount, dataset.info.ignoreValue)
      labels = regions.majorities(of: sample.labels, classCount: count, ignored: ignored).map { $0?.label ?? 0 }
    }
    return regions.labels.map { labels[Int($0)] }
  }

  /// Images, their superpixels and regions, labels and results, from the pictures that all ranks have written.
  func sheet(count: Int) throws -> Canvas {
    var sheet = ContactSheet(classNames: files.classNames, palette: files.palette, columns: 1)
    let count = min(count, dataset.sampleCount)
    for place in 0..<count {
      let sample = try dataset.read(place * dataset.sampleCount / count)
      let (superpixels, regions) = settings.regions(of: LabImage(sample))
      let outlined = Overlay.outlined(Canvas(sample), [(superpixels.labels, .white), (regions.labels, .outline)])
      let index = place * dataset.sampleCount / count
      let predictions =
        [try files.classes(key: sample.key)] + (try others.map { try $0.labels(index, truth: sample.labels) })
      sheet.add(sample, predictions: predictions, between: outlined)
    }
    return sheet.canvas
  }
}
