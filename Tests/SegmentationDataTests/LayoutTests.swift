import Basics
import Foundation
import SegmentationData
import TestSupport
import Testing

/// Folders and lists as people have them.
@Suite struct LayoutTests {
  private func patterns(_ images: String, _ labels: String, splits: [String]? = nil) -> ImportOptions {
    ImportOptions(splits: splits, patterns: (images, labels))
  }

  @Test func patternsMakePairs() throws {
    let files = SourceFiles()
    for (split, city) in [("train", "aachen"), ("train", "bonn"), ("val", "ulm")] {
      for number in 0..<2 {
        try files.writeImage("left/\(split)/\(city)/\(city)_\(number)_left.png")
        try files.writeLabel("fine/\(split)/\(city)/\(city)_\(number)_fine.png", [0, 1, 0, 1])
        try files.writeLabel("fine/\(split)/\(city)/\(city)_\(number)_colour.png", [9, 9, 9, 9])
      }
    }
    let infos = try files.importing(patterns("left/{split}/**/*_left.png", "fine/{split}/**/*_fine.png"))
    #expect(infos.map(\.split) == ["train", "val"] && infos.map(\.sampleCount) == [4, 2])
    #expect(try files.keys() == ["aachen_0", "aachen_1", "bonn_0", "bonn_1"])
    #expect(try files.labels(0, "val") == [0, 1, 0, 1])
  }

  @Test func patternsOfOneFolderAndWhatIsWrongWithThem() throws {
    let files = SourceFiles()
    try files.writeImage("a.png")
    try files.writeLabel("a_mask.png", [0, 1, 0, 1])
    try files.importing(patterns("*.png", "*_mask.png"))
    #expect(try files.keys() == ["a"])
    try FileManager.default.removeItem(atPath: files.output)
    try files.writeImage("b.png")
    #expect(
      files.refusal(.folder, patterns("*.png", "*_mask.png"))?.message.contains("b.png has no label that fits") == true)
    #expect(files.refusal(.folder, patterns("*.png", "**/*_mask.png"))?.kind == .usage)
    #expect(files.refusal(.folder, patterns("*.tif", "*_mask.png"))?.message.contains("no file in") == true)
    #expect(files.refusal(.folder, patterns("x/*.png", "y/*.png"))?.message.contains("there is no folder") == true)
  }

  @Test func aSuffixOfAllLabelsIsFound() throws {
    let files = SourceFiles()
    for name in ["a", "b", "a_2"] {
      try files.writeImage("images/\(name).png")
      try files.writeLabel("masks/\(name)_mask.png", [0, 1, 0, 1])
    }
    try files.importing()
    #expect(try files.keys() == ["a", "a_2", "b"])
    #expect(files.notes.count == 1 && files.notes[0].contains("labels are called NAME_mask"))
  }

  @Test func foreignFilesArePassedOverAndCounted() throws {
    let files = SourceFiles()
    try files.writePairs([[0, 1, 0, 1]])
    for name in ["Thumbs.db", "desktop.ini", "._a0.png", ".DS_Store", "a0.json", "notes.txt"] {
      try files.write("foreign", "images/\(name)")
      try files.write("foreign", "labels/\(name)")
    }
    try files.importing()
    #expect(try files.keys() == ["a0"])
    #expect(files.notes.count == 1 && files.notes[0].hasPrefix("passed over 12 files that are no picture ("))
  }

  @Test(arguments: ["valid", "validation", "dev", "Val", "VALID"]) func synonymsOfVal(name: String) throws {
    let files = SourceFiles()
    try files.writePairs([[0, 1]], split: "train")
    try files.writePairs([[0, 1]], split: name)
    try files.writePairs([[0, 1]], split: "extra")
    let infos = try files.importing()
    #expect(infos.map(\.split) == ["train", "val"])
    #expect(files.notes.contains("the folder '\(name)' is imported as split 'val'"))
    #expect(files.notes.contains { $0.contains("extra in") && $0.contains("not imported") })
    let other = SourceFiles()
    try other.writePairs([[0, 1]], split: name)
    #expect(try other.importing(ImportOptions(splits: [name])).map(\.split) == ["val"])
  }

  @Test func splitsInsideTheFoldersAndFoldersInFolders() throws {
    let files = SourceFiles()
    for place in ["train/x/1", "train/y/1", "val/x/1"] {
      try files.writeImage("images/\(place).png")
      try files.writeLabel("labels/\(place).png", [0, 1, 0, 1])
    }
    #expect(try files.importing().map(\.sampleCount) == [2, 1])
    #expect(try files.keys() == ["x-1", "y-1"] && files.keys("val") == ["1"])
  }

  @Test func keysAreReadableAndDifferent() throws {
    #expect(SampleKey.unique(["a/1", "b/1"]) == ["a-1", "b-1"])
    #expect(SampleKey.unique(["a/1", "b/2"]) == ["1", "2"])
    #expect(SampleKey.unique(["a b", "a_b", "a+b"]) == ["a_b", "a_b-2", "a_b-3"])
    #expect(SampleKey.unique(["x/y/1", "z/y/1", "z/w/1"]) == ["x-y-1", "z-y-1", "z-w-1"])
    let chinese = SampleKey.unique(["北京", "上海", "Straße", "Łódź", "😀", "😁"])
    #expect(Set(chinese).count == 6 && chinese.allSatisfy(SampleKey.isValid))
    #expect(chinese[0] == "bei_jing" && chinese[1] == "shang_hai", "\(chinese)")
    #expect(SampleKey.unique([]) == [] && SampleKey.unique([".."]).allSatisfy(SampleKey.isValid))
  }

  @Test func equalStemsInOneFolderAreNotGuessedAt() throws {
    let files = SourceFiles()
    try files.writePairs([[0, 1]])
    try files.writeImage("images/a0.jpg", width: 2)
    #expect(files.refusal()?.message.contains("a0.jpg and a0.png: they have the same name but for the ending") == true)
  }

  @Test func listsAreTakenAsTheyAre() throws {
    let files = SourceFiles()
    for number in 0..<3 {
      try files.writeImage("i/\(number) x.png")
      try files.writeLabel("l/\(number).png", [0, 1, 0, 1])
    }
    let text = "\u{FEFF}image,label\r\ni/0 x.png,l/0.png\r\ni\\1 x.png\tl\\1.png\r\ni/0 x.png,l/0.png\r\n\r\n"
    try files.write(text, "list.csv")
    try files.importing(.folder, from: "list.csv")
    #expect(try files.keys() == ["0_x", "1_x"])
    #expect(files.notes.count == 1 && files.notes[0].contains("1 line is there twice"))
    for text in [
      "# made by hand\ni/0 x.png\tl/0.png\n", "i/0 x.png;l/0.png\n", "id,image,label\n7,i/0 x.png,l/0.png\n",
    ] {
      try files.write(text, "list")
      let infos = try DatasetImport.run(
        .folder, from: files.source + "/list", to: files.folder.file("\(text.hashValue)"), ImportOptions())
      #expect(infos.map(\.sampleCount) == [1], "\(text)")
    }
    let cases = [
      ("i/0 x.png 1\n", "list:1: "), ("i/2.png 1\n", "has a number where the path of a label"),
      ("i/0 x.png\tl/0.png\ni/9.png\tl/0.png\n", "list:2: there is no file \"i/9.png\""),
    ]
    for (text, words) in cases {
      try files.write(text, "list")
      let failure = files.refusal(.folder, from: "list", ImportOptions(splits: ["test"]))
      #expect(failure?.message.contains(words) == true, "\(failure as Any)")
    }
  }

  /// A list of val under another name is not left out.
  @Test(arguments: [ImportLayout.camvid, .voc]) func listsOfSplitsHaveSynonyms(layout: ImportLayout) throws {
    let files = SourceFiles()
    let lists = layout == .voc ? "ImageSets/Segmentation/" : ""
    for name in ["a", "b"] {
      try files.writeImage("JPEGImages/\(name).jpg")
      try files.writeLabel("SegmentationClass/\(name).png", [0, 1, 2, 2])
    }
    let line = { layout == .voc ? $0 : "JPEGImages/\($0).jpg SegmentationClass/\($0).png" }
    try files.write(line("a"), "\(lists)train.txt")
    try files.write(line("b"), "\(lists)valid.txt")
    #expect(try files.importing(layout).map(\.split) == ["train", "val"])
    #expect(files.notes.contains { $0.hasSuffix("valid.txt is imported as split 'val'") }, "\(files.notes)")
  }

  @Test func vocListsMayHaveNumbersAndDoubles() throws {
    let files = SourceFiles()
    for name in ["2007_1", "2007_2"] {
      try files.writeImage("JPEGImages/\(name).jpg")
      try files.writeLabel("SegmentationClass/\(name).png", [0, 1, 20, 255])
    }
    try files.write("\u{FEFF}2007_1  1\n2007_2 -1\n2007_1  1\n", "ImageSets/Segmentation/train.txt")
    try files.importing(.voc)
    #expect(try files.keys() == ["2007_1", "2007_2"])
    #expect(files.notes.filter { !$0.hasPrefix("warning: ") }.count == 2)
  }

  @Test func severalSplitsAreImportedOrNone() throws {
    let files = SourceFiles()
    try files.writePairs([[0, 1]], split: "train")
    try files.writePairs([[0, 9]], split: "val")
    let options = LabelOptions(classNames: ["a", "b"])
    #expect(files.refusal(options)?.message.contains("val/labels/a0.png") == true)
    #expect(!FileManager.default.fileExists(atPath: files.output))
    try files.writeLabel("val/labels/a0.png", [0, 1])
    #expect(try files.importing(options).map(\.split) == ["train", "val"])
  }

  @Test func valByItselfHasToFitTrain() throws {
    let files = SourceFiles()
    try files.writePairs([[0, 1, 2, 3]], split: "train")
    try files.importing(ImportOptions(splits: ["train"]))
    try files.writePairs([[0, 1, 0, 1]], split: "val")
    let failure = files.refusal(.folder, ImportOptions(splits: ["val"]))
    #expect(failure?.remedy == "say --classes 'class 0,class 1,class 2,class 3'")
    let names = LabelOptions(classNames: (0..<4).map { "class \($0)" })
    #expect(try files.importing(ImportOptions(splits: ["val"], labels: names)).map(\.split) == ["val"])
  }
}

extension SourceFiles {
  func refusal(_ layout: ImportLayout, _ options: ImportOptions) -> Failure? { refusal(layout, from: nil, options) }
}
