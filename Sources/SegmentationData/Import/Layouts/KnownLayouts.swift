import Basics

/// Cityscapes (Cordts et al., 2016) as it is downloaded: `leftImg8bit/<split>/<city>/…` beside `gtFine/…`. The 19
/// evaluated classes; all other numbers of `_labelIds.png` (cityscapesScripts, labels.py) are of no class.
struct CityscapesLayout {
  /// The numbers of the classes in `_labelIds.png`, in the order of the classes.
  static let identifiers: [UInt16] = [7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33]

  let source: String

  func find(_ options: ImportOptions) throws -> FoundSource {
    var options = options
    // The labels of test are not published.
    if options.splits == nil { options.splits = ["train", "val"].filter { has($0) } }
    if options.splits?.isEmpty == true {
      throw Failure(
        .missingInput, "there is no \(source)/leftImg8bit/train", remedy: "is \(source) the right folder?")
    }
    var table = LabelTable()
    for (identifier, name) in zip(Self.identifiers, LabelTable.cityscapes.classNames) {
      _ = table.add(.value(identifier), name)
    }
    for value in UInt16(0)...33 { _ = table.add(.value(value), nil) }
    // The licence plate, -1.
    _ = table.add(.value(255), nil)
    let colours = LabelTable.cityscapes.palette ?? Palette.voc
    return try PatternLayout(
      source, images: "leftImg8bit/{split}/**/*_leftImg8bit.png",
      labels: "gtFine/{split}/**/*_gtFine_labelIds.png", options
    ).find(code: LabelCode(table, palette: colours), channels: 3)
  }

  private func has(_ split: String) -> Bool { SourceFolder.isFolder("\(source)/leftImg8bit/\(split)") }
}

/// CamVid as its authors publish it: 32 colours, `701_StillsRaw_full` and `LabeledApproved_full`, or the folders
/// `train`, `train_labels`, … that others divided it into. Void is of no class.
struct CamVid32Layout {
  let source: String

  func find(_ options: ImportOptions) throws -> FoundSource {
    let code = LabelCode(LabelTable.camvid32)
    let whole = "701_StillsRaw_full"
    if SourceFolder.isFolder("\(source)/\(whole)") {
      return try PatternLayout(source, images: "\(whole)/*.png", labels: "LabeledApproved_full/*_L.png", options)
        .find(code: code, channels: 3)
    }
    let splits = try SplitNames.existing(options.splits, usual: ["train", "val", "test"], in: source) {
      "\(source)/\($0)_labels"
    }
    let found = try splits.map { split in
      try PatternLayout(
        source, images: "\(split)/*.png", labels: "\(split)_labels/*_L.png", options.importing(split)
      ).find(code: code, channels: 3).splits[0]
    }
    return FoundSource(splits: found, code: code, channels: 3, folder: source)
  }
}

/// The scene parsing benchmark of ADE20K (Zhou et al., 2017; ADEChallengeData2016): `images/training`,
/// `annotations/training`, … with the values 1 to 150, and 0 for what is of no class.
struct ADE20KLayout {
  let source: String

  func find(_ options: ImportOptions) throws -> FoundSource {
    var table = LabelTable()
    for (index, name) in Self.classNames.enumerated() { _ = table.add(.value(UInt16(index + 1)), name) }
    _ = table.add(.value(0), nil)
    guard SourceFolder.isFolder("\(source)/annotations") else {
      throw Failure(.missingInput, "there is no \(source)/annotations", remedy: "is \(source) the right folder?")
    }
    return try PatternLayout(source, images: "images/{split}/*.jpg", labels: "annotations/{split}/*.png", options)
      .find(code: LabelCode(table), channels: 3)
  }

  /// The first of the names that `objectInfo150.txt` has for each class.
  static let classNames = """
    wall,building,sky,floor,tree,ceiling,road,bed,windowpane,grass,cabinet,sidewalk,person,earth,door,table,mountain,\
    plant,curtain,chair,car,water,painting,sofa,shelf,house,sea,mirror,rug,field,armchair,seat,fence,desk,rock,\
    wardrobe,lamp,bathtub,railing,cushion,base,box,column,signboard,chest of drawers,counter,sand,sink,skyscraper,\
    fireplace,refrigerator,grandstand,path,stairs,runway,case,pool table,pillow,screen door,stairway,river,bridge,\
    bookcase,blind,coffee table,toilet,flower,book,hill,bench,countertop,stove,palm,kitchen island,computer,\
    swivel chair,boat,bar,arcade machine,hovel,bus,towel,light,truck,tower,chandelier,awning,streetlight,booth,\
    television receiver,airplane,dirt track,apparel,pole,land,bannister,escalator,ottoman,bottle,buffet,poster,stage,\
    van,ship,fountain,conveyer belt,canopy,washer,plaything,swimming pool,stool,barrel,basket,waterfall,tent,bag,\
    minibike,cradle,oven,ball,food,step,tank,trade name,microwave,pot,animal,bicycle,lake,dishwasher,screen,blanket,\
    sculpture,hood,sconce,vase,traffic light,tray,ashcan,fan,pier,crt screen,plate,monitor,bulletin board,shower,\
    radiator,glass,clock,flag
    """.split(separator: ",").map(String.init)
}

extension ImportOptions {
  /// The same for one split.
  func importing(_ split: String) -> ImportOptions {
    var options = self
    options.splits = [split]
    return options
  }
}
