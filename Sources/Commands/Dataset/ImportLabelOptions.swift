import ArgumentParser
import Basics
import SegmentationData

/// What `dataset import` can be told of files that nobody made for it.
struct ImportLabelOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The classes' names, in the order of the labels.", valueName: "a,b,…"))
  var classes: String?
  @Option(
    name: [.customLong("ignore"), .customLong("ignore-label")], parsing: .unconditional,
    help: ArgumentHelp("The values of pixels that are of no class, or none (default: 255).", valueName: "value,…|none"))
  var ignore: String?
  @Option(help: ArgumentHelp("The value of each class, in order, as 0,255 or 1-150.", valueName: "value,…"))
  var values: String?
  @Option(help: ArgumentHelp("A table that says which class each value or colour is.", valueName: "file"))
  var map: String?
  @Option(help: ArgumentHelp("The colours of the classes: voc, camvid32, cityscapes or a table.", valueName: "name"))
  var palette: String?
  @Flag(help: "Each of more than 64 values is a class, though none has a name.") var manyClasses = false
  @Option(help: ArgumentHelp("Channels of an image (default: as the files have).", valueName: "number"))
  var channels: Int?
  @Option(help: ArgumentHelp("Which files below the source are images.", valueName: "pattern")) var images: String?
  @Option(help: ArgumentHelp("Which files below the source are labels.", valueName: "pattern")) var labels: String?

  @Option(help: ArgumentHelp("hdf5: the images' dataset or group in each file.", valueName: "path")) var image: String?
  @Option(help: ArgumentHelp("hdf5: the labels' dataset or group in each file.", valueName: "path")) var label: String?
  @Option(help: ArgumentHelp("coco: the JSON file.", valueName: "file")) var annotations: String?

  /// The options that were given, as they are typed.
  var given: [String] {
    let options: [(String, Bool)] = [
      ("--classes", classes != nil), ("--ignore", ignore != nil), ("--values", values != nil), ("--map", map != nil),
      ("--palette", palette != nil), ("--many-classes", manyClasses), ("--channels", channels != nil),
      ("--images", images != nil), ("--labels", labels != nil), ("--image", image != nil), ("--label", label != nil),
      ("--annotations", annotations != nil),
    ]
    return options.filter(\.1).map(\.0)
  }

  var patterns: (images: String, labels: String)? {
    if let images, let labels { (images, labels) } else { nil }
  }

  var arrays: (image: String, label: String)? {
    if let image, let label { (image, label) } else { nil }
  }

  func check(_ layout: ImportLayout) throws {
    let given = [values, map, palette].compactMap { $0 }
    guard given.count <= 1 else {
      throw ValidationError("--values, --map and --palette each say what a label means: give one of them")
    }
    guard (images == nil) == (labels == nil) else {
      throw ValidationError("--images and --labels belong together: give both patterns")
    }
    if let channels, !(1...DatasetInfo.maximumChannelCount).contains(channels) {
      throw ValidationError("--channels must be in 1 … \(DatasetInfo.maximumChannelCount), found \(channels)")
    }
    do { _ = try meanings(layout) } catch let failure as Failure { throw ValidationError(failure.description) }
  }

  /// - Throws: `Failure(.usage)` naming the option.
  func meanings(_ layout: ImportLayout) throws -> LabelOptions {
    LabelOptions(
      classNames: try classes.map(LabelOptions.names),
      ignored: try ignore.flatMap { try LabelOptions.ignoredValues($0, negativesAreVoid: layout == .hdf5) },
      values: try values.map { try LabelOptions.values($0, option: "--values") }, mapFile: map, palette: palette,
      acceptsManyValues: manyClasses)
  }
}
