import Basics
import SegmentationData
import Training

/// What the dataset commands do with a folder.
enum DatasetFolder {
  /// The splits to work on: the chosen one, or all that the folder has.
  static func splits(in folder: String, chosen: String?) throws -> [String] {
    if let chosen { return [chosen] }
    let splits = try Dataset.splits(in: folder)
    guard !splits.isEmpty else {
      throw Failure(
        .missingInput, "\(folder) holds no dataset: there is no file such as train-00000-of-00001.h5",
        remedy: "make one with 'fcn-dist dataset import' or 'fcn-dist dataset synthesize'")
    }
    return splits
  }

  /// Reads all labels of a split, and its images where asked, on all cores.
  static func survey(_ dataset: Dataset, readingImages: Bool, console: Console) throws -> DatasetSurvey {
    var survey = DatasetSurvey(dataset.info)
    let info = dataset.info
    try OrderedWork.run(count: dataset.sampleCount, threads: Launch.threads) { index in
      var sample = RawSample()
      if readingImages {
        try dataset.read(index, into: &sample)
      } else {
        try dataset.readLabels(index, into: &sample)
      }
      return DatasetSurvey.counts(of: sample, info)
    } take: { index, counts in
      let size = dataset.size(index)
      survey.add(counts, height: size.height, width: size.width)
      if index % 50 == 0 { console.transient("\(info.split): \(index) of \(dataset.sampleCount)") }
    }
    console.clear()
    return survey
  }
}
