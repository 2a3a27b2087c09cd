import Basics

/// Scientific data: images and labels as arrays in HDF5 or NetCDF-4 files.
struct HDF5Import {
  let options: ImportOptions
  /// Of the datasets, or groups of datasets, in each file.
  let image: String
  let label: String
  private let gaps = Monitor(HDF5Sample.Gaps())

  init(_ options: ImportOptions, image: String, label: String) {
    self.options = options
    self.image = image
    self.label = label
  }

  /// What to write, after a look at all labels.
  ///
  /// - Throws: `Failure` that names the file, the dataset and the pixel.
  func contents(of source: String) throws -> [SplitContent] {
    let survey = HDF5Survey(image: image, label: label)
    let splits = try HDF5Files(source: source, options: options).find().map { split, files in
      (split: split, samples: try files.flatMap { try survey.samples(in: $0) })
    }
    let all = splits.flatMap { $0.samples.map(\.sample) }
    guard let first = all.first else { throw Failure(.badData, "\(source) has no samples") }
    if let odd = all.first(where: { $0.channels != first.channels }) {
      throw Failure(
        .badData, "\(odd.path): \(odd.image) has \(odd.channels) channels, \(first.path) has \(first.channels)")
    }
    let decision = try LabelDecision(options.labels, folder: FileBytes.folder(of: first.path))
    let code = try decision.code(try look(all), note: options.note)
    return splits.map { split, samples in
      let keys = SampleKey.unique(samples.map(\.name))
      let info = DatasetInfo(
        split: split, classNames: code.classNames, palette: code.palette, ignoreLabel: code.ignoreLabel,
        channels: first.channels, sampleCount: samples.count)
      return SplitContent(info: info) { [gaps] in try Self.read(samples[$0].sample, keys[$0], code, gaps) }
    }
  }

  private func look(_ samples: [HDF5Sample]) throws -> SourceLook {
    var hasValue = [Bool](repeating: false, count: 65_536)
    try OrderedWork.run(count: samples.count, threads: options.threads) { index in
      let labels = try samples[index].readLabels()
      return Set(zip(labels.values, labels.isVoid).lazy.filter { !$1 }.map(\.0))
    } take: { index, values in
      for value in values { hasValue[Int(value)] = true }
      options.progress(WorkProgress(name: "labels: looking", completed: index + 1, total: samples.count))
    }
    return SourceLook(hasValue: hasValue)
  }

  private static func read(
    _ sample: HDF5Sample, _ key: String, _ code: LabelCode, _ gaps: Monitor<HDF5Sample.Gaps>
  ) throws -> RawSample {
    var labels = try sample.readLabels()
    let (pixels, isMissing) = try sample.readImage()
    let labelGaps = labels.isVoid.count { $0 }
    let pixelGaps = isMissing.count { $0 }
    for place in isMissing.indices where isMissing[place] { labels.isVoid[place] = true }
    gaps.change {
      $0.labels += labelGaps
      $0.pixels += pixelGaps
    }
    let image = LabelImage(
      path: "\(sample.path): \(sample.label)", width: sample.width, height: sample.height, values: labels.values)
    let meanings = try code.labels(of: image, except: labels.isVoid)
    return RawSample(
      key: key, height: sample.height, width: sample.width, channels: sample.channels, pixels: pixels, labels: meanings)
  }

  /// Says what became of missing values, once all is read.
  func sayGaps() {
    let found = gaps.wait { $0 }
    if found.labels > 0 {
      options.note("\(found.labels) label pixels have no value (NaN, fill value or negative): they are of no class")
    }
    if found.pixels > 0 {
      options.note(
        "\(found.pixels) image pixels have no value in some channel (NaN, infinite or fill value): 0 there, of no class"
      )
    }
  }
}
