import Basics

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
