import Basics

/// The kinds of source that can be imported.
package enum ImportLayout: String, CaseIterable, Sendable {
  case camvid, voc, folder
}

/// How a dataset is imported.
package struct ImportOptions {
  /// The splits wanted; nil: those that the source has.
  package var splits: [String]?
  package var shardCount: Int
  package var threads: Int
  /// Folder layout: the classes in order; nil: the source's `classes.txt`, else as many as the labels use.
  package var classNames: [String]?
  /// Folder layout: the label that stands for "no class".
  package var ignoreLabel: Int
  /// Folder layout: channels of an image; nil: those that the images have.
  package var channels: Int?
  package var progress: (WorkProgress) -> Void

  package init(
    splits: [String]? = nil, shardCount: Int = 1, threads: Int = 2, classNames: [String]? = nil,
    ignoreLabel: Int = 255, channels: Int? = nil, progress: @escaping (WorkProgress) -> Void = { _ in }
  ) {
    self.splits = splits
    self.shardCount = shardCount
    self.threads = threads
    self.classNames = classNames
    self.ignoreLabel = ignoreLabel
    self.channels = channels
    self.progress = progress
  }
}

/// An image file, the file of its label, and what the sample will be called.
struct ImportPair: Sendable {
  let key: String
  let image: String
  let label: String
}

/// What is to be imported as one split.
struct ImportPlan {
  var info: DatasetInfo
  let pairs: [ImportPair]

  /// - Throws: `Failure(.badData)` if there are no pairs or two of them would have the same key.
  init(_ info: DatasetInfo, pairs: [ImportPair], source: String) throws {
    guard !pairs.isEmpty else {
      throw Failure(.badData, "\(source) has no images for split '\(info.split)'")
    }
    var known: [String: ImportPair] = [:]
    for pair in pairs {
      if let other = known.updateValue(pair, forKey: pair.key) {
        throw Failure(
          .badData, "\(other.image) and \(pair.image) would both be called '\(pair.key)'",
          remedy: "rename one of them")
      }
    }
    self.info = info
    self.info.sampleCount = pairs.count
    self.pairs = pairs
  }
}

/// Imports image files as a dataset.
package enum DatasetImport {
  /// Imports all splits, one after the other, and says what each became. Every label is checked.
  ///
  /// - Throws: `Failure` that names the file and, for a label, pixel and value. The split it happened in is not written.
  package static func run(
    _ layout: ImportLayout, from source: String, to folder: String, _ options: ImportOptions = ImportOptions()
  ) throws -> [DatasetInfo] {
    let plans =
      switch layout {
      case .camvid: try CamVidLayout(source).plans(options)
      case .voc: try VOCLayout(source).plans(options)
      case .folder: try FolderLayout(source, options).plans()
      }
    for plan in plans {
      let writer = DatasetWriter(
        folder: folder, shardCount: options.shardCount, threads: options.threads, progress: options.progress)
      let reader = PairReader(plan.info)
      let pairs = plan.pairs
      try writer.write(plan.info) { try reader.read(pairs[$0]) }
    }
    return plans.map(\.info)
  }
}
