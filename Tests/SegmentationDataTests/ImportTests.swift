import Basics
import Foundation
import ImageFiles
import SegmentationData
import TestSupport
import Testing

@Suite struct ImportTests {
  /// Compares a split with its source files, read by Pillow.
  private static let comparison = """
    import sys, h5py
    import numpy as np
    from PIL import Image
    path, listing = sys.argv[1:]
    f = h5py.File(path)
    pairs = [line.split() for line in open(listing)]
    assert [k for k in f['keys'].asstr()] == [p[0] for p in pairs]
    for key, image, label in pairs:
        difference = f['images'][key][()].astype(int) - np.asarray(Image.open(image).convert('RGB'))
        # JPEG libraries may round differently by one step of the colour conversion.
        assert np.abs(difference).max() <= (2 if image.endswith('jpg') else 0)
        assert (f['labels'][key][()] == np.asarray(Image.open(label))).all()
    print(len(pairs))
    """

  // Real CamVid images; they lie beside the package where the project is developed. Needs h5py and Pillow too.
  @Test(.enabled(if: SharedFolder.camvid != nil && Python.hasH5py && Python.hasPillow)) func camvidIsImported() throws {
    let folder = TemporaryFolder()
    let camvid = try #require(SharedFolder.camvid)
    let source = folder.file("source")
    try folder.makeFolder("source")
    let lines = try String(contentsOfFile: camvid + "/train.txt", encoding: .utf8).split(separator: "\n")
    let chosen = [lines[0], lines[5], lines[40]].map { $0.split(separator: " ").map { camvid + "/" + $0 } }
    try chosen.map { $0.joined(separator: " ") }.joined(separator: "\n")
      .write(toFile: source + "/train.txt", atomically: true, encoding: .utf8)
    var steps: [WorkProgress] = []
    let options = ImportOptions(shardCount: 1, threads: 2) { steps.append($0) }
    let infos = try DatasetImport.run(.camvid, from: source, to: folder.file("out"), options)
    #expect(infos.map(\.split) == ["train"])
    #expect(steps.map(\.completed) == [1, 2, 3] && steps.allSatisfy { $0.total == 3 && $0.name == "train" })
    let dataset = try Dataset(folder: folder.file("out"), split: "train")
    #expect(dataset.info.classNames.first == "sky" && dataset.info.classNames.last == "bicyclist")
    #expect(dataset.info.classCount == 11 && dataset.info.ignoreLabel == 11 && dataset.size(0) == (360, 480))
    #expect(Array(dataset.info.palette[9..<12]) == [128, 64, 128])
    let keyed = chosen.map { pair in
      [URL(fileURLWithPath: pair[0]).deletingPathExtension().lastPathComponent, pair[0], pair[1]]
    }
    try expectEqual(dataset, keyed, folder)
    #expect(try DatasetVerification.run(folder.file("out")).isIntact)
  }

  @Test(.enabled(if: SharedFolder.voc != nil && Python.hasH5py && Python.hasPillow)) func vocIsImported() throws {
    let folder = TemporaryFolder()
    let voc = try #require(SharedFolder.voc)
    try folder.makeFolder("source/ImageSets/Segmentation")
    for name in ["JPEGImages", "SegmentationClass"] {
      try FileManager.default.createSymbolicLink(
        atPath: folder.file("source/" + name), withDestinationPath: voc + "/" + name)
    }
    let list = "/ImageSets/Segmentation/val.txt"
    let all = try String(contentsOfFile: voc + list, encoding: .utf8).split(separator: "\n").map(String.init)
    try all.prefix(4).joined(separator: "\n").write(
      toFile: folder.file("source" + list), atomically: true, encoding: .utf8)
    let infos = try DatasetImport.run(
      .voc, from: folder.file("source"), to: folder.file("out"), ImportOptions(shardCount: 2))
    #expect(infos.map(\.split) == ["val"] && infos[0].classCount == 21 && infos[0].ignoreLabel == 255)
    let dataset = try Dataset(folder: folder.file("out"), split: "val")
    #expect(dataset.shardPaths.count == 2)
    // Palette of the development kit: aeroplane, and the border.
    #expect(Array(dataset.info.palette[3..<6]) == [128, 0, 0])
    #expect(Array(dataset.info.palette[765...]) == [224, 224, 192])
    for (index, name) in all.prefix(4).enumerated() {
      let sample = try dataset.read(index)
      let label = try PNG.read(voc + "/SegmentationClass/\(name).png")
      #expect(sample.key == name && label.pixels == .uint8(sample.labels.map { UInt8($0) }))
      #expect(sample.pixels == .uint8(try bytes(JPEG.read(voc + "/JPEGImages/\(name).jpg"))))
    }
    #expect(try DatasetVerification.run(folder.file("out")).isIntact)
  }

  private func bytes(_ image: Image) throws -> [UInt8] {
    guard case .uint8(let values) = image.pixels else { throw Failure(.badData, "not 8 bits") }
    return values
  }

  private func expectEqual(_ dataset: Dataset, _ keyed: [[String]], _ folder: TemporaryFolder) throws {
    let listing = folder.file("listing.txt")
    try keyed.map { $0.joined(separator: " ") }.joined(separator: "\n").write(
      toFile: listing, atomically: true, encoding: .utf8)
    #expect(try Python.run(Self.comparison, dataset.shardPaths[0], listing) == "\(keyed.count)\n")
  }

  /// Two images of 2 x 3 with their labels; `classes.txt` if wanted.
  private func makeFolderSource(
    _ folder: TemporaryFolder, images: [Image], labels: [Image], split: String = ""
  ) throws -> String {
    try folder.makeFolder("source/\(split)/images")
    try folder.makeFolder("source/\(split)/labels")
    for (index, (image, label)) in zip(images, labels).enumerated() {
      try PNG.write(image, to: folder.file("source/\(split)/images/a b\(index).png"))
      try PNG.write(label, to: folder.file("source/\(split)/labels/a b\(index).png"))
    }
    return folder.file("source")
  }

  private func label(_ values: [UInt8], palette: [UInt8]? = nil) -> Image {
    Image(width: 3, height: 2, channels: 1, pixels: values, palette: palette)
  }
  private let colour = Image(width: 3, height: 2, channels: 3, pixels: Array(0..<18))
  private let grey = Image(width: 3, height: 2, channels: 1, pixels: [9, 8, 7, 6, 5, 4])

  @Test func aFolderIsImportedAndGreyJoinsColour() throws {
    let folder = TemporaryFolder()
    let palette: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8, 9]
    let source = try makeFolderSource(
      folder, images: [colour, grey],
      labels: [label([0, 1, 2, 255, 0, 0], palette: palette), label([0, 0, 4, 0, 0, 0])])
    _ = try DatasetImport.run(.folder, from: source, to: folder.file("out"))
    let dataset = try Dataset(folder: folder.file("out"), split: "train")
    #expect(dataset.info.classNames == (0..<5).map { "class \($0)" })
    #expect(Array(dataset.info.palette.prefix(12)) == palette + [0, 0, 0])
    #expect(dataset.key(0) == "a_b0" && dataset.info.channels == 3)
    #expect(try dataset.read(0).pixels == .uint8(Array(0..<18)))
    #expect(try dataset.read(0).labels == [0, 1, 2, 255, 0, 0])
    #expect(try dataset.read(1).pixels == .uint8([9, 8, 7, 6, 5, 4].flatMap { [$0, $0, $0] }))
  }

  @Test func splitsClassesAndListsAreFound() throws {
    let folder = TemporaryFolder()
    let words = Image(width: 3, height: 2, channels: 1, bitDepth: 16, pixels: .uint16([1, 2, 3, 40_000, 5, 65_535]))
    for split in ["train", "val"] {
      _ = try makeFolderSource(folder, images: [words], labels: [label([0, 1, 0, 1, 7, 0])], split: split)
    }
    let source = folder.file("source")
    try "land 10 20 30\nopen sea 40 50 60\n".write(toFile: source + "/classes.txt", atomically: true, encoding: .utf8)
    let options = ImportOptions(labels: LabelOptions(ignored: [7]))
    let infos = try DatasetImport.run(.folder, from: source, to: folder.file("out"), options)
    #expect(infos.map(\.split) == ["train", "val"])
    #expect(infos.allSatisfy { $0.classNames == ["land", "open sea"] && $0.ignoreLabel == 7 && $0.channels == 1 })
    #expect(Array(infos[0].palette.prefix(6)) == [10, 20, 30, 40, 50, 60])
    let sample = try Dataset(folder: folder.file("out"), split: "val").read(0)
    #expect(sample.pixels == .uint16([1, 2, 3, 40_000, 5, 65_535]))

    try "train/images/a b0.png\ttrain/labels/a b0.png\n".write(
      toFile: source + "/list.txt", atomically: true, encoding: .utf8)
    let listed = ImportOptions(splits: ["test"], labels: LabelOptions(classNames: ["x", "y"], ignored: [7]))
    _ = try DatasetImport.run(.folder, from: source + "/list.txt", to: folder.file("out"), listed)
    #expect(try Dataset(folder: folder.file("out"), split: "test").info.classNames == ["x", "y"])
  }

  @Test func whatIsWrongIsNamedAndNothingIsLeft() throws {
    let ten = label([0, 0, 0, 0, 10, 0])
    let small = Image(width: 2, height: 2, channels: 1, pixels: [0, 0, 0, 0])
    let cases: [(images: [Image], labels: [Image], names: [String], text: String)] = [
      ([colour], [ten], ["a", "b"], "a_b0' has the value 10 at row 1, column 1, where classes are 0 to 1 and 255"),
      ([colour], [small], [], "is 3 x 2, its label"),
      ([colour], [colour], [], "has 3 channels: a label has one number"),
    ]
    for test in cases {
      let folder = TemporaryFolder()
      let source = try makeFolderSource(folder, images: test.images, labels: test.labels)
      let options = ImportOptions(labels: LabelOptions(classNames: test.names.isEmpty ? nil : test.names))
      let failure = #expect(throws: Failure.self) {
        try DatasetImport.run(.folder, from: source, to: folder.file("out"), options)
      }
      #expect(failure?.kind == .badData && failure?.message.contains(test.text) == true, "\(failure as Any)")
      #expect(failure?.message.contains("a b0.png") == true)
      #expect((try? FileManager.default.contentsOfDirectory(atPath: folder.file("out")))?.isEmpty != false)
    }
  }

  @Test func sourcesThatAreNotThereAreNamed() throws {
    let folder = TemporaryFolder()
    for layout in ImportLayout.allCases {
      let failure = #expect(throws: Failure.self) {
        try DatasetImport.run(
          layout, from: folder.file("none"), to: folder.file("out"), ImportOptions(arrays: ("image", "label")))
      }
      #expect(failure?.kind == .missingInput && failure?.message.contains(folder.file("none")) == true)
    }
    let source = try makeFolderSource(folder, images: [grey], labels: [label([0, 0, 0, 0, 0, 0])])
    try PNG.write(grey, to: source + "/images/lonely.png")
    let lonely = #expect(throws: Failure.self) {
      try DatasetImport.run(.folder, from: source, to: folder.file("out"))
    }
    #expect(lonely?.message.contains("lonely.png has no label") == true)
    try FileManager.default.removeItem(atPath: source + "/images/lonely.png")
    try "no image".write(toFile: source + "/images/a b0.png", atomically: true, encoding: .utf8)
    let text = #expect(throws: Failure.self) { try DatasetImport.run(.folder, from: source, to: folder.file("out")) }
    #expect(text?.kind == .badData && text?.message.contains("is not an image") == true)
  }
}
