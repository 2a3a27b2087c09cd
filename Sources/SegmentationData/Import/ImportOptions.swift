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
