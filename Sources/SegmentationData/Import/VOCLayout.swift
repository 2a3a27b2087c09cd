import Basics

/// PASCAL VOC segmentation (Everingham et al., 2010): `ImageSets/Segmentation/<split>.txt`, `JPEGImages/<id>.jpg`,
/// `SegmentationClass/<id>.png`, palette index = class, 255 = border.
struct VOCLayout {
  static let classNames = [
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow",
    "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
  ]

  private let source: String

  init(_ source: String) { self.source = source }

  func plans(_ options: ImportOptions) throws -> [ImportPlan] {
    let list = { (split: String) in "\(source)/ImageSets/Segmentation/\(split).txt" }
    let splits = try ImportSource.splits(options.splits, usual: ["train", "val"], in: source, list)
    return try splits.map { split in
      let info = DatasetInfo(split: split, classNames: Self.classNames, palette: Palette.voc, ignoreLabel: 255)
      let pairs = try ImportSource.lines(list(split)).map { identifier in
        ImportPair(
          key: SampleKey.make(fromFileName: identifier + ".jpg"), image: "\(source)/JPEGImages/\(identifier).jpg",
          label: "\(source)/SegmentationClass/\(identifier).png")
      }
      return try ImportPlan(info, pairs: pairs, source: source)
    }
  }
}
