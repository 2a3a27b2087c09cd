import Basics
import ImageFiles

/// Imports image files as a dataset.
package enum DatasetImport {
  /// Imports all splits or, if anything is wrong, none, and says what each became. Every label is checked.
  ///
  /// - Throws: `Failure` that names the file and, for a label, pixel and value. Nothing is written then.
  package static func run(
    _ layout: ImportLayout, from source: String, to folder: String, _ options: ImportOptions = ImportOptions()
  ) throws -> [DatasetInfo] {
    let notes = ImageNotes()
    let annotationNotes = AnnotationNotes()
    let arrays = try layout == .hdf5 ? hdf5(options) : nil
    let contents =
      try arrays?.contents(of: source) ?? instances(layout, source, options, notes, annotationNotes)
      ?? contents(layout, source, options, notes)
    for content in contents { try NeighbourSplit.check(content.info, in: folder) }
    let writer = DatasetWriter(
      folder: folder, shardCount: options.shardCount, threads: options.threads, progress: options.progress)
    let counts = try writer.write(contents)
    arrays?.sayGaps()
    for line in notes.lines + annotationNotes.lines { options.note(line) }
    for warning in LabelSense.warnings(counts) { options.note("warning: \(warning)") }
    return contents.map(\.info)
  }

  private static func hdf5(_ options: ImportOptions) throws -> HDF5Import {
    guard let arrays = options.arrays else {
      throw Failure(.usage, "an import of HDF5 needs to know what is image and what is label")
    }
    return HDF5Import(options, image: arrays.image, label: arrays.label)
  }

  /// nil: the layout has classes of pixels or images.
  private static func instances(
    _ layout: ImportLayout, _ source: String, _ options: ImportOptions, _ notes: ImageNotes,
    _ annotationNotes: AnnotationNotes
  ) throws -> [SplitContent]? {
    switch layout {
    case .coco: try COCOImport(source, options, notes, annotationNotes).contents()
    case .pennfudan: try PennFudanImport(source, options, notes, annotationNotes).contents()
    default: nil
    }
  }

  private static func contents(
    _ layout: ImportLayout, _ source: String, _ options: ImportOptions, _ notes: ImageNotes
  ) throws -> [SplitContent] {
    try plans(try find(layout, source, options), source, options).map { plan in
      let reader = PairReader(plan, notes)
      return SplitContent(info: plan.info) { try reader.read(plan.pairs[$0]) }
    }
  }

  private static func find(_ layout: ImportLayout, _ source: String, _ options: ImportOptions) throws -> FoundSource {
    switch layout {
    case .camvid: return try CamVidLayout(source: source).find(options)
    case .camvid32: return try CamVid32Layout(source: source).find(options)
    case .voc: return try VOCLayout(source: source).find(options)
    case .cityscapes: return try CityscapesLayout(source: source).find(options)
    case .ade20k: return try ADE20KLayout(source: source).find(options)
    case .labelme: return try LabelmeLayout(source, options).find()
    case .classes: return try ClassFolderLayout(source, options).find()
    case .cocoSemantic: return try COCOLayout(source, options).find()
    case .hdf5, .coco, .pennfudan: throw Failure(.internalError, "\(layout.rawValue) is no pairs of files")
    case .folder:
      guard let patterns = options.patterns else { return try FolderLayout(source, options).find() }
      return try PatternLayout(source, images: patterns.images, labels: patterns.labels, options).find()
    }
  }

  private static func plans(
    _ found: FoundSource, _ source: String, _ options: ImportOptions
  ) throws -> [ImportPlan] {
    var (code, channels) = (found.code, found.channels)
    if code != nil, channels == nil { channels = try SourceLook(found.splits, readsLabels: false, options).channels }
    if code == nil {
      let decision = try LabelDecision(options.labels, folder: found.folder)
      let look = try SourceLook(found.splits, readsLabels: decision.needsValues, options)
      code = try decision.code(look, note: options.note)
      channels = channels ?? look.channels
    }
    guard let code else { throw Failure(.internalError, "nothing says what the labels of \(source) mean") }
    return try found.splits.map { split, pairs in
      try ImportPlan(split: split, task: found.task, code: code, channels: channels ?? 3, pairs: pairs, source: source)
    }
  }
}
