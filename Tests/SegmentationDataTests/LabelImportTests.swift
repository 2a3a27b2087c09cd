import Basics
import Foundation
import SegmentationData
import TestSupport
import Testing

/// Label files as people have them, and what they are told to mean.
@Suite struct LabelImportTests {
  @Test func masksOf0And255AreNotTakenForHalfAVoid() throws {
    let files = SourceFiles()
    try files.writePairs([[0, 255, 0, 255], [0, 0, 0, 0]])
    for options in [LabelOptions(), LabelOptions(classNames: ["no", "yes"])] {
      let failure = try #require(files.refusal(options))
      #expect(failure.kind == .badData && failure.message.contains("only the values 0 and 255"))
      #expect(failure.remedy?.contains("--values 0,255") == true && failure.remedy?.contains("--ignore none") == true)
    }
    let infos = try files.importing(LabelOptions(classNames: ["no", "yes"], values: [0, 255]))
    #expect(infos[0].classNames == ["no", "yes"] && infos[0].ignoreLabel == 255)
    #expect(try files.labels() == [0, 1, 0, 1] && files.notes.isEmpty)
  }

  /// Two values far apart are a mask, whatever they are; Pillow writes the one of 16 bits.
  @Test(.enabled(if: Python.hasPillow), arguments: [128, 254, 65_535])
  func otherMasksAreRefusedToo(value: Int) throws {
    let files = SourceFiles()
    try files.writeImage("images/a.png")
    try files.folder.makeFolder("source/labels")
    try Python.run(
      """
      import sys, numpy as np
      from PIL import Image
      value = int(sys.argv[1])
      Image.fromarray(np.array([[0, value, 0, value]], np.uint16 if value > 255 else np.uint8)).save(sys.argv[2])
      """, "\(value)", "\(files.source)/labels/a.png")
    let failure = files.refusal()
    #expect(failure?.message.contains("only the values 0 and \(value)") == true, "\(failure as Any)")
    #expect(failure?.remedy?.contains("--values 0,\(value)") == true)
    try files.importing(LabelOptions(values: [0, value]))
    #expect(try files.labels() == [0, 1, 0, 1])
  }

  @Test func ignore255TakesTheMaskAsItIsAndNoneKeepsNothingBack() throws {
    let files = SourceFiles()
    try files.writePairs([[0, 255, 0, 255]])
    #expect(
      files.refusal(LabelOptions(classNames: ["a", "b"], ignored: []))?.message.contains("the value 255") == true)
    _ = try files.importing(LabelOptions(classNames: ["a", "b"], ignored: [255]))
    #expect(try files.labels() == [0, 255, 0, 255])
    #expect(files.notes.count == 1 && files.notes[0].contains("of one class, 'a'"))
  }

  /// Labels 1 … N, void 254.
  @Test func valuesNeedNotBeTheClasses() throws {
    let files = SourceFiles()
    try files.writePairs([[1, 2, 3, 254]])
    _ = try files.importing(LabelOptions(ignored: [254], values: [1, 2, 3]))
    #expect(try files.labels() == [0, 1, 2, 255])
    #expect(try files.dataset().info.classNames == ["value 1", "value 2", "value 3"])
    let again = SourceFiles()
    try again.writePairs([[1, 2, 9, 3]])
    let failure = again.refusal(LabelOptions(values: [1, 2, 3]))
    #expect(failure?.message.contains("a0.png has the value 9 at row 0, column 2") == true)
  }

  @Test func severalValuesAreIgnored() throws {
    let files = SourceFiles()
    try files.writePairs([[0, 1, 250, 254]])
    _ = try files.importing(LabelOptions(ignored: [250, 254]))
    #expect(try files.labels() == [0, 1, 250, 250] && files.dataset().info.ignoreLabel == 250)
  }

  @Test(arguments: [
    "value,class\n0,background\n7-8,road\n9,ignore\n12, background\n",
    "# a comment\n0: background\n7: road\n8: road\n9: ignore\n\"12\": 'background'\n",
    "\u{FEFF}0\tbackground\r\n7\troad\r\n8\troad\r\n*\tignore\r\n12\tbackground\r\n",
  ]) func aTableMergesAndDrops(table: String) throws {
    let files = SourceFiles()
    try files.writePairs([[0, 7, 8, 9, 12]])
    try files.write(table, "map.csv")
    let infos = try files.importing(LabelOptions(mapFile: "\(files.source)/map.csv"))
    #expect(infos[0].classNames == ["background", "road"])
    #expect(try files.labels() == [0, 1, 1, 255, 0])
  }

  @Test func tablesSayWhatIsWrongAndWhere() throws {
    let files = SourceFiles()
    try files.writePairs([[0, 7]])
    let cases = [
      ("0,a\n0,b\n", "map:2: the value 0 has a line already"), ("0,a\nroad\n", "map:2: \"road\" does not say"),
      ("0,ignore\n", "names no class"), ("0,a\n1 2 3,b\n", "both values and colours"),
      ("0,a\n", "has the value 7 at row 0, column 1, which is not in --values or --map"),
    ]
    for (text, expected) in cases {
      try files.write(text, "map")
      let failure = files.refusal(LabelOptions(mapFile: "\(files.source)/map"))
      #expect(failure?.message.contains(expected) == true, "\(text): \(failure as Any)")
    }
  }

  @Test func coloursAreReadByPalettes() throws {
    let files = SourceFiles()
    try files.writeImage("images/a.png")
    try files.writeColours("labels/a.png", [[0, 0, 0], [128, 0, 0], [224, 224, 192], [0, 64, 128]])
    let bare = try #require(files.refusal())
    #expect(bare.message.contains("3 channels") && bare.remedy?.contains("--palette voc|camvid32|cityscapes") == true)
    let infos = try files.importing(LabelOptions(palette: "voc"))
    #expect(infos[0].classCount == 21 && Array(infos[0].palette[3..<6]) == [128, 0, 0])
    #expect(try files.labels() == [0, 1, 255, 20])
  }

  /// With and without alpha, and as indices into a palette: the same labels. Pillow writes them.
  @Test(.enabled(if: Python.hasPillow), arguments: ["RGB", "RGBA", "P"])
  func allFormsOfColourGiveTheSameLabels(mode: String) throws {
    let files = SourceFiles()
    try files.writeImage("images/a.png")
    try files.folder.makeFolder("source/labels")
    try Python.run(
      """
      import sys
      from PIL import Image
      image = Image.new('RGB', (4, 1))
      for x, colour in enumerate([(128, 64, 128), (70, 70, 70), (0, 0, 142), (111, 74, 0)]): image.putpixel((x, 0), colour)
      image = image.quantize(8) if sys.argv[1] == 'P' else image.convert(sys.argv[1])
      image.save(sys.argv[2])
      """, mode, "\(files.source)/labels/a.png")
    _ = try files.importing(LabelOptions(palette: "cityscapes"))
    #expect(try files.labels() == [0, 2, 13, 255])
  }

  @Test func anUnknownColourIsNamedWithFileAndPixel() throws {
    let files = SourceFiles()
    try files.writeImage("images/a.png")
    try files.writeColours("labels/a.png", [[64, 128, 64], [1, 2, 3], [0, 0, 0], [0, 0, 0]])
    let failure = files.refusal(LabelOptions(palette: "camvid32"))
    #expect(failure?.message.contains("labels/a.png has the colour (1, 2, 3) at row 0, column 1") == true)
    try files.write("name,r,g,b\nanimal,64,128,64\nrest,1,2,3\nvoid,0,0,0\n", "colours.csv")
    _ = try files.importing(LabelOptions(palette: "\(files.source)/colours.csv"))
    #expect(try files.labels() == [0, 1, 2, 2])
  }

  @Test func aPaletteFileNamesColoursAndTheRest() throws {
    let files = SourceFiles()
    try files.writeImage("images/a.png")
    try files.writeColours("labels/a.png", [[64, 128, 64, 255], [1, 2, 3, 255], [9, 9, 9, 255], [0, 0, 0, 0]])
    try files.write("64 128 64\tanimal\n#010203: rest\n*: ignore\ntransparent, background\n", "colours.txt")
    let options = LabelOptions(
      classNames: ["background", "rest", "animal"], palette: "\(files.source)/colours.txt")
    let infos = try files.importing(options)
    #expect(infos[0].classNames == ["background", "rest", "animal"])
    #expect(try files.labels() == [2, 1, 255, 0])
    #expect(files.refusal(LabelOptions(palette: "nothing"))?.message.contains("no palette and no file") == true)
  }

  @Test func greyInColourIsGrey() throws {
    let files = SourceFiles()
    try files.writeImage("images/a.png")
    try files.writeColours("labels/a.png", [[0, 0, 0], [1, 1, 1], [2, 2, 2], [2, 2, 2]])
    try files.importing()
    #expect(try files.labels() == [0, 1, 2, 2] && files.notes.contains { $0.contains("three equal channels") })
  }

  @Test func photographsAreNotLabels() throws {
    let files = SourceFiles()
    try files.writePairs([(0..<100).map { UInt8($0) }])
    let failure = try #require(files.refusal())
    #expect(failure.message.contains("100 different values (0 to 99)") && failure.message.contains("JPEG"))
    #expect(failure.remedy?.contains("--many-classes") == true)
    #expect(try files.importing(LabelOptions(acceptsManyValues: true))[0].classCount == 100)
    let jpeg = SourceFiles()
    try jpeg.writeImage("images/a.png")
    try jpeg.write([0xFF, 0xD8, 0xFF, 0xE0, 0, 0], "labels/a.jpg")
    #expect(jpeg.refusal()?.message.contains("a.jpg is a JPEG, which changes the values") == true)
  }

  @Test func namesAreTrimmedAndDifferent() throws {
    #expect(try LabelOptions.names(" road , sky") == ["road", "sky"])
    for (list, words) in [("a,,b", "class 1 is empty"), ("a,b,a", "both called 'a'"), ("", "is empty")] {
      let failure = #expect(throws: Failure.self) { try LabelOptions.names(list) }
      #expect(failure?.kind == .usage && failure?.message.contains(words) == true)
    }
    #expect(try LabelOptions.values("0, 3-5", option: "--values") == [0, 3, 4, 5])
    for list in ["0,,1", "a", "5-3", "-1", "70000", "1,1"] {
      #expect(throws: Failure.self, "\(list)") { try LabelOptions.values(list, option: "--values") }
    }
    #expect(try LabelOptions.ignoredValues("none") == [] && LabelOptions.ignoredValues("-1") == [])
    let files = SourceFiles()
    try files.writePairs([[0, 1]])
    try files.write("a\nb\na\n", "classes.txt")
    #expect(files.refusal()?.message.contains("classes.txt: the classes 0 and 2 are both called 'a'") == true)
    try files.write("a\n\nb\n", "classes.txt")
    #expect(files.refusal()?.message.contains("classes.txt:2 is empty") == true)
    try files.write("\u{FEFF}a\r\nb\r\n\r\n", "classes.txt")
    #expect(try files.importing().map(\.classNames) == [["a", "b"]])
  }
}
