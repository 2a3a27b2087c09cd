/// The kinds of source that can be imported.
package enum ImportLayout: String, CaseIterable, Sendable {
  case camvid, camvid32, voc, cityscapes, ade20k, folder, labelme, hdf5, classes, coco, pennfudan
  case cocoSemantic = "coco-semantic"

  /// The options of `dataset import` that are for it, as they are typed.
  package var options: Set<String> {
    switch self {
    case .folder:
      [
        "--classes", "--ignore", "--values", "--map", "--palette", "--many-classes", "--channels", "--images",
        "--labels",
      ]
    case .hdf5: ["--classes", "--ignore", "--values", "--map", "--many-classes", "--image", "--label"]
    case .labelme, .cocoSemantic: ["--classes", "--channels"]
    case .coco: ["--annotations", "--classes", "--channels"]
    case .classes, .pennfudan: ["--channels"]
    case .camvid, .camvid32, .voc, .cityscapes, .ade20k: []
    }
  }
}

/// How a dataset is imported.
package struct ImportOptions {
  /// The splits wanted; nil: those that the source has.
  package var splits: [String]?
  package var shardCount: Int
  package var threads: Int
  /// Folder layout: what label files mean.
  package var labels: LabelOptions
  /// Folder layout: channels of an image; nil: those that the images have.
  package var channels: Int?
  /// Folder layout: which files are images and which are labels, as patterns (`PathPattern`); nil: the usual folders.
  package var patterns: (images: String, labels: String)?
  /// HDF5 layout: the datasets (or groups of datasets) of images and labels in each file.
  package var arrays: (image: String, label: String)?
  /// COCO layout: the JSON file.
  package var annotations: String?
  package var progress: (WorkProgress) -> Void
  /// Told what is worth a line: what was passed over, converted, or looks wrong. Called on the thread that imports.
  package var note: (String) -> Void

  package init(
    splits: [String]? = nil, shardCount: Int = 1, threads: Int = 2, labels: LabelOptions = LabelOptions(),
    channels: Int? = nil, patterns: (images: String, labels: String)? = nil,
    arrays: (image: String, label: String)? = nil, annotations: String? = nil,
    progress: @escaping (WorkProgress) -> Void = { _ in }, note: @escaping (String) -> Void = { _ in }
  ) {
    self.splits = splits
    self.shardCount = shardCount
    self.threads = threads
    self.labels = labels
    self.channels = channels
    self.patterns = patterns
    self.arrays = arrays
    self.annotations = annotations
    self.progress = progress
    self.note = note
  }
}
