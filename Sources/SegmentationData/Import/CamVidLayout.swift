import Basics

/// CamVid (Brostow et al., "Semantic object classes in video", 2009) in the 11 classes of SegNet: `train.txt`,
/// `val.txt`, `test.txt` with the paths of an image and a label on each line.
///
/// Labels are kept as they are: void is 11 and that is the ignore label.
struct CamVidLayout {
  static let classNames = [
    "sky", "building", "pole", "road", "pavement", "tree", "sign", "fence", "car", "pedestrian", "bicyclist",
  ]
  static let colours: [UInt8] = [
    128, 128, 128, 128, 0, 0, 192, 192, 128, 128, 64, 128, 60, 40, 222, 128, 128, 0, 192, 128, 128, 64, 64, 128,
    64, 0, 128, 64, 64, 0, 0, 128, 192, 0, 0, 0,
  ]

  private let source: String

  init(_ source: String) { self.source = source }

  func plans(_ options: ImportOptions) throws -> [ImportPlan] {
    let list = { (split: String) in "\(source)/\(split).txt" }
    let splits = try ImportSource.splits(options.splits, usual: ["train", "val", "test"], in: source, list)
    return try splits.map { split in
      let info = DatasetInfo(
        split: split, classNames: Self.classNames, palette: Palette.padded(Self.colours), ignoreLabel: 11)
      return try ImportPlan(
        info, pairs: try ImportSource.pairs(list: list(split), relativeTo: source), source: source)
    }
  }
}
