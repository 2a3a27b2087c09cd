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

  let source: String

  func find(_ options: ImportOptions) throws -> FoundSource {
    let list = { (split: String) in "\(source)/\(split).txt" }
    let splits = try SplitNames.found(
      options.splits, usual: ["train", "val", "test"], in: source, note: options.note, list)
    return FoundSource(
      splits: try splits.map {
        ($0.split, try ListFile(path: $0.path, folder: source).pairs(note: options.note))
      },
      code: LabelCode(classNames: Self.classNames, palette: Palette.padded(Self.colours), ignored: [11]), channels: 3,
      folder: source)
  }
}
