import Basics
import Detection
import Foundation
import ImageFiles
import SegmentationData
import TestSupport
import Testing

/// COCO's instances become datasets.
@Suite struct InstanceImportTests {
  /// Pictures of 8 x 6 pixels.
  private func files(_ json: String, pictures: [String] = ["a.png", "b.png"]) throws -> SourceFiles {
    let files = SourceFiles()
    for picture in pictures { try files.writePicture("images/\(picture)", width: 8, height: 6) }
    try files.write(json, "instances.json")
    return files
  }

  @discardableResult
  private func importing(_ files: SourceFiles, classes: [String]? = nil) throws -> Dataset {
    try files.importing(
      .coco, from: "images",
      ImportOptions(labels: LabelOptions(classNames: classes), annotations: files.source + "/instances.json"))
    return try Dataset(folder: files.output, split: "train")
  }

  private static let images = """
    [{"id": 30, "file_name": "a.png", "height": 6, "width": 8}, {"id": 4, "file_name": "b.png"},
     {"id": 17, "file_name": "sub/c.png", "height": 6, "width": 8, "licence": {"x": [1, {"y": "]}\\""}]}}]
    """
  private static let categories = """
    [{"id": 90, "name": "zebra"}, {"id": 3, "name": "c\\u00e4r", "supercategory": "thing"}, {"id": 17, "name": "cat"}]
    """
  private static let annotations = """
    [{"id": 900100448263, "image_id": 30, "category_id": 17, "iscrowd": 0, "area": 6, "bbox": [1, 2.0, 3, 2.25],
      "segmentation": [[1, 2, 4, 2, 4, 4, 1, 4]]},
     {"id": 2, "image_id": 17, "category_id": 90, "iscrowd": 1, "bbox": [2, 0, 2e0, 6.0],
      "segmentation": {"size": [6, 8], "counts": [12, 12, 24]}},
     {"id": 3, "image_id": 30, "category_id": 3, "bbox": [0.5, 0.5, 2.125, 3], "segmentation":
      [[0, 0, 2, 0, 2, 3, 0, 3], [6, 0, 8, 0, 8, 1, 6, 1]]},
     {"id": 4, "image_id": 30, "category_id": 3, "segmentation": {"counts": "<2R1", "size": [6, 8]}}]
    """

  @Test func polygonsAndRunsOfBothKindsAreTaken() throws {
    let files = try files(
      "\u{FEFF}{\"info\": {}, \"annotations\": \(Self.annotations), \"images\": \(Self.images), "
        + "\"categories\": \(Self.categories)}\n",
      pictures: ["a.png", "b.png", "sub/c.png"])
    let dataset = try importing(files)
    #expect(dataset.info.classNames == ["background", "cär", "cat", "zebra"] && dataset.info.task == .instances)
    #expect((0..<3).map(dataset.key) == ["a", "b", "c"])
    let first = try #require(try dataset.read(0).instances)
    #expect(first.boxes == [Box(1, 2, 4, 4.25), Box(0.5, 0.5, 2.625, 3.5), Box(2, 0, 3, 2)])
    #expect(first.classes == [2, 1, 1] && first.isCrowd == [false, false, false])
    #expect(
      first.masks == [
        try InstanceSamples.rectangle(1, 2, 3, 2, height: 6, width: 8),
        try RunLengths(height: 6, width: 8, counts: [0, 3, 3, 3, 27, 1, 5, 1, 5]),
        try RunLengths(height: 6, width: 8, counts: [12, 2, 34]),
      ])
    #expect(try dataset.read(1).instances == InstanceAnnotations())
    let last = try #require(try dataset.read(2).instances)
    #expect(last.isCrowd == [true] && last.classes == [3] && last.boxes == [Box(2, 0, 4, 6)])
    #expect(last.masks == [try RunLengths(height: 6, width: 8, counts: [12, 12, 24])])
    #expect(
      files.notes.contains("train: 4 annotations (1 of them crowds) in 3 images; 1 images have none and are kept"))
    #expect(files.notes.contains("train: category ids become classes 1 to 3, in the ids' order"))
    #expect(files.notes.contains("warning: split train: no instance of 'zebra': this class cannot be learned"))
    #expect(try DatasetVerification.run(files.output).isIntact)
  }

  @Test func classesCanBeChosen() throws {
    let files = try files(
      "{\"annotations\": \(Self.annotations), \"images\": \(Self.images), \"categories\": \(Self.categories)}",
      pictures: ["a.png", "b.png", "sub/c.png"])
    let dataset = try importing(files, classes: ["zebra", "cat"])
    #expect(dataset.info.classNames == ["background", "zebra", "cat"])
    #expect(try dataset.read(0).instances?.classes == [2] && dataset.read(2).instances?.classes == [1])
    #expect(files.notes.contains("train: 2 annotations of other categories than --classes: left out"))
  }

  private static let ring = "[[1, 1, 4, 1, 4, 4]]"
  private static let wrongRuns = "{\"size\": [8, 6], \"counts\": [48]}"

  /// One annotation's members, and what is noted of it and how many instances are left.
  static let oddities: [(members: String, said: String, left: Int)] = [
    ("\"bbox\": [6, 1, 5, 3], \"segmentation\": [[6, 1, 8, 1, 8, 4]]", "reaches beyond its image: cut there", 1),
    ("\"bbox\": [1, 1, 0, 3], \"segmentation\": \(ring)", "has no width or height: left out", 0),
    ("\"bbox\": [1, 1, 3, 3], \"segmentation\": [[1, 1, 4, 4]]", "without a polygon of three corners: left out", 0),
    (
      "\"bbox\": [1, 1, 3, 3], \"segmentation\": [[1, 1, 4, 4], [1, 1, 4, 1, 4, 4]]",
      "a polygon of two corners: taken without it", 1
    ),
    ("\"bbox\": [1, 1, 3, 3], \"segmentation\": [[20, 1, 21, 1, 21, 2]]", "covers no pixel: kept", 1),
    ("\"bbox\": [4, 0, 8, 6], \"segmentation\": [[4, 0, 6, 0, 6, 1, 4, 1]]", "does not surround its mask", 1),
    ("\"segmentation\": [1, 1, 4, 1, 4, 4]", "train: 1 annotations (0 of them crowds)", 1),
    ("\"bbox\": null, \"iscrowd\": false, \"segmentation\": \(ring)", "train: 1 annotations (0 of them crowds)", 1),
  ]

  @Test(arguments: oddities) func whatIsNotQuiteRightIsSaid(members: String, said: String, left: Int) throws {
    let files = try files(
      """
      {"images": [{"id": 1, "file_name": "a.png"}], "categories": [{"id": 1, "name": "x"}],
       "annotations": [{"id": 5, "image_id": 1, "category_id": 1, \(members)}]}
      """)
    #expect(try importing(files).read(0).instances?.count == left)
    #expect(files.notes.contains { $0.contains(said) }, "\(files.notes)")
  }

  /// What replaces what in a file that is right, and what is said of it.
  static let mistakes: [(old: String, new: String, said: String)] = [
    ("\"id\": 5", "\"id\": 6", "two of 'annotations' have the id 6"),
    ("\"id\": 2, \"file_name\"", "\"id\": 1, \"file_name\"", "two of 'images' have the id 1"),
    ("b.png", "a.png", "two of 'images' have the file_name a.png"),
    ("\"id\": 8", "\"id\": 7", "two of 'categories' have the id 7"),
    (
      "\"image_id\": 1, \"category_id\": 7", "\"image_id\": 3, \"category_id\": 9",
      "annotation 5 is of category 9; annotation 5 is of image 3"
    ),
    ("\"image_id\": 1,", "", "annotations[0] has no 'image_id'"),
    ("\"image_id\": 1,", "\"image_id\": 1, \"image_id\": 2,", "annotations[0] has the key \"image_id\" twice"),
    ("\"image_id\": 1,", "\"image_id\": 1.5,", "annotations[0] has 1.5 where a whole number"),
    ("\"image_id\": 1,", "\"image_id\": \"1\",", "annotations[0] has something else where a number"),
    ("\"iscrowd\": 0", "\"iscrowd\": 2", "annotations[0] has iscrowd 2"),
    ("[1, 1, 3, 3]", "[1, 1, -3, 3]", "annotations[0] has the bbox [1.0, 1.0, -3.0, 3.0]"),
    ("[1, 1, 3, 3]", "[1, 1, 3]", "annotations[0] has the bbox [1.0, 1.0, 3.0]"),
    ("[1, 1, 3, 3]", "[1, 1, NaN, 3]", "annotations[0] has something that is not JSON"),
    ("[1, 1, 3, 3]", "[20, 1, 3, 3]", "lies outside of the image's 8 x 6"),
    (ring, "[]", "has no 'segmentation' of polygons or runs"),
    (ring, "\"none\"", "has no 'segmentation' of polygons or runs"),
    (ring, "[[1, 1, 4, 1, 4, 4, 2]]", "annotation 5 of image 1 (a.png)"),
    (ring, wrongRuns, "its runs are for an image of height and width [8.0, 6.0], which is 8 x 6"),
    (ring, "{\"size\": [6, 8], \"counts\": [47]}", "add up to 47 and not to 48"),
    (ring, "{\"size\": [6, 8], \"counts\": \"<2l0zz\"}", "annotation 5 of image 1 (a.png): "),
    (ring, "{\"size\": [6, 8], \"counts\": [-1, 49]}", "has a run of -1.0 pixels"),
    ("\"height\": 6", "\"height\": 7", "a.png is 8 x 6, and"),
    ("\"height\": 6", "\"height\": 0", "images[0] is an image of 8 x 0"),
    ("\"file_name\": \"b.png\"", "\"coco_url\": \"b.png\"", "images[1] has no 'file_name'"),
    ("b.png", "no.png", "images/no.png, is not there"),
    ("\"annotations\"", "\"notes\"", "has no 'annotations'"),
    ("}]}", "}]", "lacks a '}'"),
    ("}]}", "}]}}", "goes on after its end"),
    ("{\"images\"", "[{\"images\"", "has something else where an object is expected"),
    ("\"x\"", "\"x", "instances.json"),
  ]

  @Test(arguments: mistakes) func whatIsWrongIsNamed(old: String, new: String, said: String) throws {
    let right = """
      {"images": [{"id": 1, "file_name": "a.png", "height": 6, "width": 8}, {"id": 2, "file_name": "b.png"}],
       "categories": [{"id": 7, "name": "x"}, {"id": 8, "name": "y"}],
       "annotations": [{"id": 5, "image_id": 1, "category_id": 7, "iscrowd": 0, "bbox": [1, 1, 3, 3],
       "segmentation": \(Self.ring)}, {"id": 6, "image_id": 2, "category_id": 8, "segmentation": [[0, 0, 5, 0, 5, 5]]}]}
      """
    let wrong = right.replacing(old, with: new, maxReplacements: 1)
    #expect(wrong != right)
    let files = try files(wrong)
    let failure = #expect(throws: Failure.self) { try importing(files) }
    #expect(failure?.message.contains(said) == true, "\(failure as Any)")
    #expect(failure?.kind == .badData || failure?.kind == .missingInput)
    #expect((try? FileManager.default.contentsOfDirectory(atPath: files.output))?.isEmpty != false)
  }

  @Test func missingAndBrokenImagesAreAllNamed() throws {
    let names = ["a.png", "b.png", "none.png", "c.png", "gone.png"]
    let images = names.enumerated().map { "{\"id\": \($0), \"file_name\": \"\($1)\"}" }.joined(separator: ",")
    let files = try files(
      "{\"images\": [\(images)], \"categories\": [{\"id\": 1, \"name\": \"x\"}], \"annotations\": []}")
    try files.write("no picture", "images/c.png")
    let failure = #expect(throws: Failure.self) { try importing(files) }
    for name in ["images/none.png", "images/c.png", "images/gone.png"] {
      #expect(failure?.message.contains(name) == true)
    }
    #expect(failure?.message.contains("3 of 5 samples cannot be taken") == true)
  }

  @Test func pennFudansMasksBecomeInstances() throws {
    let files = SourceFiles()
    try files.writePicture("PNGImages/p1.png", width: 4, height: 2)
    try files.writePicture("PNGImages/p2.png", width: 4, height: 2)
    try files.write(
      try PNG.encode(Image(width: 4, height: 2, channels: 1, pixels: [0, 2, 2, 1, 0, 2, 0, 1])), "PedMasks/p1_mask.png")
    try files.write(
      try PNG.encode(Image(width: 4, height: 2, channels: 1, pixels: [UInt8](repeating: 0, count: 8))),
      "PedMasks/p2_mask.png")
    try files.importing(.pennfudan)
    let dataset = try Dataset(folder: files.output, split: "train")
    #expect(dataset.info.classNames == ["background", "pedestrian"] && dataset.sampleCount == 2)
    let instances = try #require(try dataset.read(0).instances)
    #expect(instances.boxes == [Box(3, 0, 4, 2), Box(1, 0, 3, 2)] && instances.classes == [1, 1])
    #expect(instances.masks[1] == (try RunLengths(height: 2, width: 4, counts: [2, 3, 3])))
    #expect(try dataset.read(1).instances?.count == 0)
  }

  /// `categories` with one picture and no annotations but those of `marks`.
  private func names(_ categories: String, marks: String = "") throws -> SourceFiles {
    try files(
      "{\"images\": [{\"id\": 1, \"file_name\": \"a.png\"}], \"categories\": [\(categories)], "
        + "\"annotations\": [\(marks)]}",
      pictures: ["a.png"])
  }

  @Test func categoriesAreTrimmedAndDifferent() throws {
    let files = try names("{\"id\": 3, \"name\": \" big car\\t\"}, {\"id\": 4, \"name\": \"人\"}")
    #expect(try importing(files).info.classNames == ["background", "big car", "人"])
    for (categories, words) in [
      ("{\"id\": 3, \"name\": \"car\"}, {\"id\": 4, \"name\": \"car \"}", "two of 'categories' have the name car"),
      ("{\"id\": 3, \"name\": \" \"}", "categories[0] has an empty 'name'"),
    ] {
      let files = try names(categories)
      let failure = #expect(throws: Failure.self) { try importing(files) }
      #expect(failure?.message.contains(words) == true, "\(failure as Any)")
    }
  }

  /// Class 0 is called so already, and two classes of one name would be one key in metrics.jsonl.
  @Test func aCategoryCalledBackgroundIsNone() throws {
    let files = try names(
      "{\"id\": 0, \"name\": \"background\"}, {\"id\": 1, \"name\": \"car\"}",
      marks: "{\"id\": 1, \"image_id\": 1, \"category_id\": 0, \"segmentation\": \(Self.ring)}")
    let dataset = try importing(files)
    #expect(dataset.info.classNames == ["background", "car"])
    #expect(try dataset.read(0).instances?.count == 0)
    #expect(files.notes.contains { $0.contains("1 annotations of 'background': left out") }, "\(files.notes)")
  }

  @Test func textsInUTF16AreSaid() throws {
    let files = try files("{}")
    try files.write([0xFF, 0xFE, 0x7B, 0x00, 0x7D, 0x00], "instances.json")
    let failure = #expect(throws: Failure.self) { try importing(files) }
    #expect(failure?.message.contains("UTF-16") == true && failure?.remedy == "save it as UTF-8")
  }

  /// The file's outlines belong to the picture as every viewer shows it.
  @Test(.enabled(if: Python.hasPillow), arguments: [6, 3, 8]) func outlinesBelongToTurnedPictures(turn: Int) throws {
    let files = SourceFiles()
    try files.folder.makeFolder("source/images")
    try Python.run(
      """
      import sys
      from PIL import Image
      exif = Image.Exif(); exif[0x0112] = int(sys.argv[2])
      Image.new('RGB', (6, 8) if int(sys.argv[2]) > 4 else (8, 6)).save(sys.argv[1] + '/images/a.png', exif=exif)
      """, files.source, "\(turn)")
    try files.write(
      """
      {"images": [{"id": 1, "file_name": "a.png", "height": 6, "width": 8}], "categories": [{"id": 1, "name": "x"}],
       "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "segmentation": [[1, 2, 4, 2, 4, 4, 1, 4]]}]}
      """, "instances.json")
    let sample = try importing(files).read(0)
    #expect(sample.height == 6 && sample.width == 8)
    #expect(sample.instances?.masks == [try InstanceSamples.rectangle(1, 2, 3, 2, height: 6, width: 8)])
    #expect(files.notes.contains { $0.contains("1 picture was turned as the EXIF orientation says") })
  }

  private func writeMask(_ files: SourceFiles, _ path: String, _ values: [UInt8] = [0, 2, 2, 1, 0, 2, 0, 1]) throws {
    try files.write(try PNG.encode(Image(width: 4, height: 2, channels: 1, pixels: values)), path)
  }

  /// Equal names in different folders are different pictures with different masks.
  @Test func foldersOfPedestriansStayApart() throws {
    let files = SourceFiles()
    for name in ["a/1", "b/1"] { try files.writePicture("images/\(name).png", width: 4, height: 2) }
    try writeMask(files, "masks/a/1.png")
    try writeMask(files, "masks/b/1_mask.png", [3, 3, 0, 0, 3, 3, 0, 0])
    try files.importing(.pennfudan)
    let dataset = try files.dataset()
    #expect(try (0..<2).map { try dataset.read($0).instances?.count } == [2, 1])
    try files.write("1\n", "train.txt")
    try? FileManager.default.removeItem(atPath: files.output)
    #expect(files.refusal(.pennfudan)?.message.contains("'1' may be any of a/1, b/1") == true)
  }

  @Test func listsOfPedestriansHaveBlanksAndSynonyms() throws {
    let files = SourceFiles()
    for name in ["P 1", "P 2", "P 3"] {
      try files.writePicture("PNGImages/\(name).png", width: 4, height: 2)
      try writeMask(files, "PedMasks/\(name)_mask.png")
    }
    try files.write("\u{FEFF}P 1\r\nP 2.png\r\n", "train.txt")
    try files.write("P 3\n", "valid.txt")
    let infos = try files.importing(.pennfudan)
    #expect(infos.map(\.split) == ["train", "val"] && infos.map(\.sampleCount) == [2, 1])
    #expect(try files.keys() == ["P_1", "P_2"] && files.keys("val") == ["P_3"])
    #expect(files.notes.contains { $0.contains("valid.txt is imported as split 'val'") }, "\(files.notes)")
  }

  /// A mask of 0 and 255 makes one thing of all; noise makes things that are none.
  @Test func masksThatTellNoThingsApartAreSaid() throws {
    for (values, words) in [
      ((0..<64).map { $0 % 8 < 4 ? 255 : 0 }, "with the number 255, alone in its mask: warning"),
      ((0..<64).map { UInt8($0 % 3 == 0 ? 7 : 1 + $0 % 5) }, "whose pixels lie scattered: warning"),
    ] as [([UInt8], String)] {
      let files = SourceFiles()
      try files.writePicture("images/p.png", width: 8, height: 8)
      try files.write(try PNG.encode(Image(width: 8, height: 8, channels: 1, pixels: values)), "masks/p.png")
      try files.importing(.pennfudan)
      #expect(files.notes.contains { $0.contains(words) }, "\(files.notes)")
    }
    let good = SourceFiles()
    try good.writePicture("images/p.png", width: 8, height: 8)
    let values = (0..<64).map { UInt8($0 % 8 < 3 ? 1 : $0 % 8 > 4 ? 2 : 0) }
    try good.write(try PNG.encode(Image(width: 8, height: 8, channels: 1, pixels: values)), "masks/p.png")
    try good.importing(.pennfudan)
    #expect(!good.notes.contains { $0.contains("warning") }, "\(good.notes)")
  }

  @Test(.enabled(if: SharedFolder.pennFudan != nil, "needs ../shared/data/pennfudan"))
  func pennFudanIsImported() throws {
    let folder = TemporaryFolder()
    let infos = try DatasetImport.run(.pennfudan, from: SharedFolder.pennFudan ?? "", to: folder.file("out"))
    #expect(infos.map(\.split) == ["train", "val"] && infos.map(\.sampleCount) == [100, 20])
    let counts = try LabelCounts.read(try Dataset(folder: folder.file("out"), split: "train"), threads: 2)
    #expect(counts.pixelCounts[1] > 100)
  }
}
