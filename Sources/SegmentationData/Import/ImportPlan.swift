import Basics

/// An image file, its label, and what the sample will be called.
struct ImportPair: Sendable {
  let key: String
  let image: String
  let label: LabelSource

  /// The pairs with keys made of paths without endings.
  static func keyed(_ pairs: [ImportPair], by paths: [String]) -> [ImportPair] {
    zip(pairs, SampleKey.unique(paths)).map { ImportPair(key: $1, image: $0.image, label: $0.label) }
  }
}

/// Where a label comes from.
enum LabelSource: Sendable {
  /// A picture.
  case file(String)
  /// Outlines and runs, painted over one another.
  case shapes(ShapeMap)
  /// The class of the image as a whole.
  case imageClass(UInt16, name: String)

  /// For messages.
  var name: String {
    switch self {
    case .file(let path): path
    case .shapes(let map): map.name
    case .imageClass(_, let name): name
    }
  }
}

/// What a layout found in a source.
struct FoundSource {
  var task = VisionTask.semantic
  var splits: [(split: String, pairs: [ImportPair])]
  /// nil: to be found by a look at all labels.
  var code: LabelCode?
  /// Of an image; nil: to be found by a look at all images.
  var channels: Int?
  /// Where a `classes.txt` would be.
  var folder: String
}

/// What is to be imported as one split.
struct ImportPlan: Sendable {
  var info: DatasetInfo
  let code: LabelCode
  let pairs: [ImportPair]

  /// - Throws: `Failure(.badData)` if there are no pairs.
  init(
    split: String, task: VisionTask = .semantic, code: LabelCode, channels: Int, pairs: [ImportPair], source: String
  ) throws {
    guard !pairs.isEmpty else { throw Failure(.badData, "\(source) has no images for split '\(split)'") }
    info = DatasetInfo(
      split: split, task: task, classNames: code.classNames, palette: code.palette, ignoreLabel: code.ignoreLabel,
      channels: channels, sampleCount: pairs.count)
    self.code = code
    self.pairs = pairs
  }
}
