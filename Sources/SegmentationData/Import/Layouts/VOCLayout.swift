import Basics

/// PASCAL VOC segmentation (Everingham et al., 2010): `ImageSets/Segmentation/<split>.txt`, `JPEGImages/<id>.jpg`,
/// `SegmentationClass/<id>.png`, palette index = class, 255 = border.
struct VOCLayout {
  static let classNames = [
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow",
    "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
  ]

  let source: String

  func find(_ options: ImportOptions) throws -> FoundSource {
    let list = { (split: String) in "\(source)/ImageSets/Segmentation/\(split).txt" }
    let splits = try SplitNames.found(
      options.splits, usual: ["train", "val"], in: source, note: options.note, list)
    return FoundSource(
      splits: try splits.map { split, path in
        let names = try ListFile(path: path, folder: source).identifiers(note: options.note)
        let pairs = names.map { name in
          ImportPair(
            key: "", image: "\(source)/JPEGImages/\(name).jpg",
            label: .file("\(source)/SegmentationClass/\(name).png"))
        }
        return (split, ImportPair.keyed(pairs, by: names))
      }, code: LabelCode(classNames: Self.classNames, palette: Palette.voc, ignored: [255]), channels: 3, folder: source
    )
  }
}
